/** Every implementation of scalar functions by symbol; read by the registry. */
import type { OwnScalar, ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { approximateFinals } from '../aggregate/approximate.js';
import { statisticsFinals } from '../aggregate/statistics.js';
import { aclFunctions } from './acl.js';
import { arrayFunctions, ownArrayFunctions } from './array.js';
import { binaryOutputFunctions } from './binary-output.js';
import { bitFunctions } from './bit.js';
import { booleanFunctions } from './boolean.js';
import { bytesFunctions } from './bytes.js';
import { comparisonFunctions } from './comparison.js';
import { datetimeFunctions } from './datetime.js';
import { floatFunctions } from './float.js';
import { formattingFunctions } from './formatting.js';
import { geometryFunctions, ownGeometryFunctions } from './geometry.js';
import { hashFunctions } from './hash.js';
import { integerFunctions } from './integer.js';
import { jsonFunctions, ownJsonFunctions } from './json.js';
import { jsonPathFunctions } from './jsonpath.js';
import { logPositionFunctions } from './log-position.js';
import { moneyFunctions } from './money.js';
import { networkFunctions } from './network.js';
import { numericFunctions } from './numeric.js';
import { rangeFunctions } from './range.js';
import { regexFunctions } from './regex.js';
import { sequenceFunctions } from './sequence.js';
import { systemFunctions } from './system.js';
import { textFunctions } from './text.js';
import { textSearchFunctions } from './text-search.js';
import { ownFrameFunctions } from './frame-offset.js';
import { ownCollationFunctions } from './collation.js';
import { ownRememberedFunctions } from './remembered.js';
import { transitionFunctions } from './transition.js';
import { ownUserTypeFunctions, userTypeFunctions } from './user-type.js';

const topics: readonly ScalarImplementations[] = [
  aclFunctions,
  booleanFunctions,
  comparisonFunctions,
  integerFunctions,
  floatFunctions,
  numericFunctions,
  textFunctions,
  bytesFunctions,
  rangeFunctions,
  regexFunctions,
  datetimeFunctions,
  arrayFunctions,
  jsonFunctions,
  jsonPathFunctions,
  systemFunctions,
  formattingFunctions,
  sequenceFunctions,
  textSearchFunctions,
  bitFunctions,
  networkFunctions,
  moneyFunctions,
  logPositionFunctions,
  userTypeFunctions,
  binaryOutputFunctions,
  hashFunctions,
  geometryFunctions,
  transitionFunctions,
];

export const scalarImplementations: ReadonlyMap<string, ScalarImplementation> = new Map(topics.flatMap((topic) => Object.entries(topic)));

export const ownScalars: readonly OwnScalar[] = [
  ...statisticsFinals,
  ...approximateFinals,
  ...ownUserTypeFunctions,
  ...ownArrayFunctions,
  ...ownJsonFunctions,
  ...ownGeometryFunctions,
  ...ownRememberedFunctions,
  ...ownCollationFunctions,
  ...ownFrameFunctions,
];
