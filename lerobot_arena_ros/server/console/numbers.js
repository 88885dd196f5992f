// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Formats numbers as text, and reads numbers from text. */

/** Decimal notation with a point or a comma, but no other notation of JavaScript, such as 0x10. */
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i;

/** "1,000" means one thousand in some languages, and one in others. */
const AMBIGUOUS = /^[+-]?[1-9]\d{0,2},\d{3}$/;

/**
 * Return a number as text, but never "-0.0".
 * @param {number} value
 * @param {number} decimals
 */
export function numberText(value, decimals) {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

/**
 * Return the number that a user typed; NaN if the text is not a number.
 * @param {string} text
 */
export function readNumber(text) {
  return NUMBER.test(text) && !AMBIGUOUS.test(text) ? Number(text.replace(',', '.')) : NaN;
}

/**
 * Return why a text is not accepted as a number, and what to type instead.
 * @param {string} text
 */
export function numberMistake(text) {
  return AMBIGUOUS.test(text)
    ? `"${text}" was not sent: type ${text.replace(',', '.')} or ${text.replace(',', '')}.`
    : `"${text}" was not sent: type a number.`;
}
