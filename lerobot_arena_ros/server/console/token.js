// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Asks for the token of a protected arena, tries it, and keeps it for this tab only. */

import { byId, setText } from './dom.js';
import { asArenaError } from './rest.js';

/** The characters that are allowed in an HTTP header. */
const TOKEN = /^[\x21-\x7e]+$/;

/** The form for the token. */
export class TokenPrompt {
  #arena;
  #onAccepted;
  #key;
  #field = /** @type {HTMLInputElement} */ (byId('token'));

  /**
   * @param {import('./rest.js').Arena} arena receives the token
   * @param {() => void} onAccepted called when the server has accepted the token
   */
  constructor(arena, onAccepted) {
    this.#arena = arena;
    this.#onAccepted = onAccepted;
    this.#key = `arena-token ${arena.path}`;
    arena.token = this.#storedToken();
    byId('token-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#try(this.#field.value.trim());
    });
  }

  /** Show the form instead of the rest of the page. */
  ask() {
    if (byId('token-panel').hidden) {
      const isRefused = this.#arena.token !== null;
      setText(byId('token-note'), isRefused ? 'The server does not accept the last token.' : '');
      byId('token-panel').hidden = false;
      byId('console').hidden = true;
      this.#field.focus();
    }
  }

  /** @param {string} token */
  async #try(token) {
    const before = this.#arena.token;
    try {
      if (token === '') {
        throw new Error('The token was not tried: type the token of the server.');
      }
      if (!TOKEN.test(token)) {
        throw new Error('A token has visible ASCII characters and no spaces.');
      }
      this.#arena.token = token;
      await this.#arena.fetchPermissions();
    } catch (error) {
      this.#arena.token = before;
      this.#showRefusal(error);
      return;
    }
    this.#storeToken(token);
    this.#field.value = '';
    setText(byId('token-note'), '');
    byId('token-panel').hidden = true;
    byId('console').hidden = false;
    this.#onAccepted();
  }

  /** @param {unknown} error an ArenaError, or an Error without a `kind` */
  #showRefusal(error) {
    const { kind, message } = asArenaError(error);
    let text = kind === undefined ? message : `The token was not tried: ${message}.`;
    if (kind === 'token') {
      text = 'That is not the token of this server.';
    }
    setText(byId('token-note'), text);
    this.#field.select();
  }

  #storedToken() {
    try {
      return sessionStorage.getItem(this.#key);
    } catch {
      return null; // The browser stores nothing, so the user enters the token again.
    }
  }

  /** @param {string} token */
  #storeToken(token) {
    try {
      sessionStorage.setItem(this.#key, token);
    } catch {
      // As above.
    }
  }
}
