/** @file Numbers as text, and text as numbers. */

/** Decimal notation, with a point or a comma; not what else JavaScript reads, as 0x10. */
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i;

/** "1,000" is one thousand for one reader and one for another. */
const AMBIGUOUS = /^[+-]?[1-9]\d{0,2},\d{3}$/;

/**
 * Return a number with so many decimals, and never "-0.0".
 * @param {number} value
 * @param {number} decimals
 */
export function numberText(value, decimals) {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/**
 * Return a number that a user typed; NaN where it is none.
 * @param {string} text
 */
export function readNumber(text) {
  return NUMBER.test(text) && !AMBIGUOUS.test(text) ? Number(text.replace(',', '.')) : NaN;
}

/**
 * Return what is wrong with a text that is no finite number, and what to type.
 * @param {string} text
 */
export function numberMistake(text) {
  return AMBIGUOUS.test(text)
    ? `"${text}" was not sent: type ${text.replace(',', '.')} or ${text.replace(',', '')}.`
    : `"${text}" was not sent: type a number.`;
}
