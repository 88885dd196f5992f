// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Helpers for elements, and for texts. Text is always set as text, never as markup. */

/**
 * Return the element with an id, which must exist.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) {
    throw new Error(`the page has no element "${id}"`);
  }
  return found;
}

/**
 * Set a text only if it differs, because setting it makes a screen reader read it again and the
 * browser lay it out again.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/**
 * Return a new copy of the only element in a template.
 * @param {string} id of the template
 * @returns {HTMLElement}
 */
export function fromTemplate(id) {
  const template = /** @type {HTMLTemplateElement} */ (byId(id));
  const element = /** @type {HTMLElement} */ (template.content.firstElementChild);
  return /** @type {HTMLElement} */ (element.cloneNode(true));
}

/**
 * Return the first descendant of an element that has a class.
 * @param {Element} element
 * @param {string} name
 * @returns {HTMLElement}
 */
export function part(element, name) {
  return /** @type {HTMLElement} */ (element.querySelector(`.${name}`));
}

/**
 * Return a time of day as text.
 * @param {Date} moment
 * @returns {string}
 */
export function clockTime(moment) {
  const parts = [moment.getHours(), moment.getMinutes(), moment.getSeconds()];
  return parts.map((each) => String(each).padStart(2, '0')).join(':');
}

/**
 * Return a duration as text, in the largest unit that fits.
 * @param {number} ms
 * @returns {string}
 */
export function durationText(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) {
    return `${seconds} s`;
  }
  return seconds < 3600 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

/**
 * Return a text that ends with a full stop, unless it already ends like a sentence.
 * @param {string} text
 */
export function sentence(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
