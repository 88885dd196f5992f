// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The cameras that the user has shown or hidden, which the browser stores for each room. */

/** The choice of one room. */
export class CameraChoice {
  #key;
  /** @type {Set<string>} */
  #shown = new Set();
  /** @type {Set<string>} */
  #hidden = new Set();

  /**
   * @param {string} path of the arena
   * @param {string} workspace
   * @param {string} room
   */
  constructor(path, workspace, room) {
    this.#key = `arena-cameras ${JSON.stringify([path, workspace, room])}`;
    try {
      const { shown, hidden } = JSON.parse(localStorage.getItem(this.#key) ?? '{}');
      this.#shown = new Set(shown);
      this.#hidden = new Set(hidden);
    } catch {
      // The browser stores nothing, or another page has stored something else.
    }
  }

  /**
   * Return the cameras to show: those of the room and those that the user has added, but none that
   * the user has hidden.
   * @param {string[]} found the cameras of the room
   * @param {string[]} all video rooms of the workspace
   */
  select(found, all) {
    return all.filter((each) => this.#shown.has(each)
      || (found.includes(each) && !this.#hidden.has(each)));
  }

  /** @param {string} camera */
  show(camera) {
    this.#hidden.delete(camera);
    this.#shown.add(camera);
    this.#store();
  }

  /** @param {string} camera */
  hide(camera) {
    this.#shown.delete(camera);
    this.#hidden.add(camera);
    this.#store();
  }

  #store() {
    try {
      const choice = { shown: [...this.#shown], hidden: [...this.#hidden] };
      localStorage.setItem(this.#key, JSON.stringify(choice));
    } catch {
      // Then the choice is lost when the page is loaded again.
    }
  }
}
