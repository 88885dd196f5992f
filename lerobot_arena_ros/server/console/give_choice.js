// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The list of the other drivers, and the button that gives one of them control. */

import { byId } from './dom.js';

/** The driver is never chosen by a change of the list, because the robots follow who gets it. */
export class GiveChoice {
  #form = byId('give-form');
  #select = /** @type {HTMLSelectElement} */ (byId('give-to'));
  #button = /** @type {HTMLButtonElement} */ (byId('give'));

  /** @param {(id: string) => void} onGive */
  constructor(onGive) {
    this.#select.addEventListener('change', () => this.#enable());
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#select.value !== '') {
        onGive(this.#select.value);
      }
    });
  }

  /**
   * Show the drivers. One that the user has chosen stays chosen while it is in the room.
   * @param {string[]} ids of the other drivers; nothing is shown if there are none
   * @param {?string} before id of the driver that had control before, which is chosen first
   */
  show(ids, before) {
    const wanted = this.#form.hidden ? before : this.#select.value;
    const shown = [...this.#select.options].map(({ value }) => value).filter((id) => id !== '');
    if (this.#form.hidden || ids.join('\n') !== shown.join('\n')) {
      this.#select.replaceChildren(new Option('choose a driver', ''));
      this.#select.append(...ids.map((id) => new Option(id, id)));
      this.#select.value = wanted !== null && ids.includes(wanted) ? wanted : '';
    }
    this.#form.hidden = ids.length === 0;
    this.#enable();
  }

  #enable() {
    this.#button.disabled = this.#select.value === '';
  }
}
