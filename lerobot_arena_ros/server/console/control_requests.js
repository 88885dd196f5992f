// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Shows the participants that ask this page for control, with the two answers. */

import { byId, fromTemplate, part, setText } from './dom.js';

/**
 * A button that appears under a finger must not give control. Until then the buttons of a request
 * are disabled.
 */
const GUARD_MS = 700;

/** The requests that this page can give control to, or refuse. */
export class ControlRequests {
  #list = byId('requests');
  #onGive;
  #onRefuse;

  /**
   * @param {(id: string) => void} onGive
   * @param {(id: string) => void} onRefuse
   */
  constructor(onGive, onRefuse) {
    this.#onGive = onGive;
    this.#onRefuse = onRefuse;
  }

  get hasFocus() {
    return this.#list.contains(document.activeElement);
  }

  /**
   * Show the requests. Those that stay keep their elements, and so the focus.
   * @param {string[]} ids of the participants
   */
  show(ids) {
    const items = /** @type {HTMLElement[]} */ ([...this.#list.children]);
    items.filter(({ dataset }) => !ids.includes(dataset.id ?? '')).forEach((item) => item.remove());
    const shown = items.map(({ dataset }) => dataset.id);
    this.#list.append(...ids.filter((id) => !shown.includes(id)).map((id) => this.#item(id)));
  }

  /** @param {string} id */
  #item(id) {
    const item = fromTemplate('request-template');
    const buttons = [...item.querySelectorAll('button')];
    const [give, refuse] = buttons;
    item.dataset.id = id;
    setText(part(item, 'request-name'), id);
    give.setAttribute('aria-label', `Give control to ${id}`);
    give.addEventListener('click', () => this.#onGive(id));
    refuse.setAttribute('aria-label', `Refuse the request of ${id}`);
    refuse.addEventListener('click', () => this.#onRefuse(id));
    setTimeout(() => buttons.forEach((button) => {
      button.disabled = false;
    }), GUARD_MS);
    return item;
  }
}
