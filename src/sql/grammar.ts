/**
 * PostgreSQL's own grammar, compiled to WebAssembly (libpg-query), behind a synchronous function from text to raw tree. Only sql/parser uses it.
 *
 * The library's own wrapper is not used: an instance must be ours to throw away. A deeply nested statement overflows the JavaScript stack inside of the
 * WebAssembly code, which then never cleans up after itself, so the instance is replaced by a spare one and a new spare is made. Making one takes
 * a few milliseconds and only microtasks, so the spares are full again before the next message of a client is read.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { RawStatement } from './convert/raw.js';

/** The part of the global that is used here; its types are those of the DOM library, which a server does not load. */
declare namespace WebAssembly {
  type Imports = Readonly<Record<string, unknown>>;
  interface Module {
    readonly __module: never;
  }
  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: unknown;
  }
  function compile(bytes: Uint8Array): Promise<Module>;
}

/** What emscripten's module offers of what is used here. */
interface Instance {
  readonly HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(text: number): number;
  _wasm_free_parse_result(result: number): void;
  stringToUTF8(text: string, pointer: number, size: number): void;
  UTF8ToString(pointer: number): string;
  getValue(pointer: number, type: 'i32'): number;
}

interface ModuleOptions {
  instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void): unknown;
  print(text: string): void;
  printErr(text: string): void;
}

type Factory = (options: ModuleOptions) => Promise<Instance>;

/** A heap that has grown beyond this is given back by replacing the instance. It begins at 128 MiB of address space, of which next to nothing is touched. */
const heapLimit = 160 << 20;

/** Instances in reserve: as many statements in a row may break theirs without a turn of the event loop. */
const spareCount = 2;

export type GrammarResult =
  | { readonly kind: 'tree'; readonly statements: readonly RawStatement[] }
  /** `position`: 1-based, in characters; 0 where there is none. */
  | { readonly kind: 'error'; readonly message: string; readonly position: number }
  /** The statement is too deep or too large for the stack or memory. */
  | { readonly kind: 'exhausted' };

export class Grammar {
  #current: Instance | undefined;
  readonly #spares: Instance[] = [];

  private constructor(
    private readonly factory: Factory,
    private readonly module: WebAssembly.Module,
  ) {}

  /** Compiles the grammar; some 20 ms. */
  static async load(): Promise<Grammar> {
    const require = createRequire(import.meta.url);
    const factory = require('libpg-query/wasm/libpg-query.js') as Factory;
    const module = await WebAssembly.compile(await readFile(require.resolve('libpg-query/wasm/libpg-query.wasm')));
    const grammar = new Grammar(factory, module);
    grammar.#current = await grammar.#instantiate();
    await grammar.#refill();
    return grammar;
  }

  /** `byteLength` is the length of the text in UTF-8. */
  parse(text: string, byteLength: number): GrammarResult {
    const instance = this.#current;
    if (instance === undefined) return { kind: 'exhausted' };
    try {
      const result = run(instance, text, byteLength);
      if (instance.HEAPU8.length > heapLimit) this.#replace();
      return result;
    } catch {
      // RangeError: the stack; RuntimeError: the heap. Whatever it was, the instance is no longer in a known state.
      this.#replace();
      return { kind: 'exhausted' };
    }
  }

  #instantiate(): Promise<Instance> {
    return this.factory({
      instantiateWasm: (imports, done) => {
        const instance = new WebAssembly.Instance(this.module, imports);
        done(instance, this.module);
        return instance.exports;
      },
      print: () => undefined,
      printErr: () => undefined,
    });
  }

  #replace(): void {
    this.#current = this.#spares.pop();
    // A failure leaves fewer spares; the next replacement tries again.
    void this.#refill().catch(() => undefined);
  }

  async #refill(): Promise<void> {
    while (this.#spares.length < spareCount) {
      const fresh = await this.#instantiate();
      if (this.#current === undefined) this.#current = fresh;
      else this.#spares.push(fresh);
    }
  }
}

function run(instance: Instance, text: string, byteLength: number): GrammarResult {
  const pointer = instance._malloc(byteLength + 1);
  if (pointer === 0) throw new RangeError('out of memory');
  instance.stringToUTF8(text, pointer, byteLength + 1);
  const result = instance._wasm_parse_query_raw(pointer);
  // struct PgQueryParseResult { char* parse_tree; char* stderr_buffer; PgQueryError* error; }
  const tree = instance.getValue(result, 'i32');
  const error = instance.getValue(result + 8, 'i32');
  let json: string | undefined;
  let failure: GrammarResult | undefined;
  if (error === 0) json = instance.UTF8ToString(tree);
  else {
    // struct PgQueryError { char* message; char* funcname; char* filename; int lineno; int cursorpos; char* context; }
    failure = { kind: 'error', message: instance.UTF8ToString(instance.getValue(error, 'i32')), position: instance.getValue(error + 16, 'i32') };
  }
  instance._wasm_free_parse_result(result);
  instance._free(pointer);
  if (json === undefined) return failure ?? { kind: 'exhausted' };
  return { kind: 'tree', statements: (JSON.parse(json) as { readonly stmts?: readonly RawStatement[] }).stmts ?? [] };
}
