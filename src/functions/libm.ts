/**
 * The C library's mathematics, which PostgreSQL's floats go by. JavaScript's own Math differs from it in the last digit of pow, exp and some others, so the
 * functions are asked of SQLite, whose mathematical functions are the C library's. One connection without file per thread, opened when first needed.
 */
import Database from 'better-sqlite3';

type Unary = (value: number) => number;

let connection: Database.Database | undefined;

function statement(text: string): Database.Statement<unknown[], number | null> {
  connection ??= new Database(':memory:');
  return connection.prepare<unknown[], number | null>(text).pluck();
}

function unary(name: string): Unary {
  let prepared: Database.Statement<unknown[], number | null> | undefined;
  return (value) => {
    prepared ??= statement(`SELECT ${name}(?)`);
    return prepared.get(value) ?? NaN;
  };
}

let preparedPower: Database.Statement<unknown[], number | null> | undefined;

/** C's pow; a NaN result for one that SQLite shows as NULL. */
export function power(base: number, exponent: number): number {
  preparedPower ??= statement('SELECT pow(?, ?)');
  return preparedPower.get(base, exponent) ?? NaN;
}

export const exponential = unary('exp');
export const naturalLogarithm = unary('ln');
export const decimalLogarithm = unary('log10');
export const sine = unary('sin');
export const cosine = unary('cos');
export const tangent = unary('tan');
export const arcSine = unary('asin');
export const arcCosine = unary('acos');
export const arcTangent = unary('atan');
export const hyperbolicSine = unary('sinh');
export const hyperbolicCosine = unary('cosh');
export const hyperbolicTangent = unary('tanh');
export const areaSine = unary('asinh');
export const areaCosine = unary('acosh');
export const areaTangent = unary('atanh');
