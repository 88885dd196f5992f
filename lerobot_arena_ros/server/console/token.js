/** @file The token of a protected arena: asked for, tried, and kept for this tab only. */

import { byId, setText } from './dom.js';

/** The characters that a header allows. */
const TOKEN = /^[\x21-\x7e]+$/;

/** Asks the user for the token. */
export class TokenPrompt {
  #arena;
  #onAccepted;
  #key;
  #field = /** @type {HTMLInputElement} */ (byId('token'));

  /**
   * @param {import('./rest.js').Arena} arena is given the token
   * @param {() => void} onAccepted the server takes it
   */
  constructor(arena, onAccepted) {
    this.#arena = arena;
    this.#onAccepted = onAccepted;
    this.#key = `arena-token ${arena.path}`;
    arena.token = this.#kept();
    byId('token-form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.#try(this.#field.value.trim());
    });
  }

  /** Ask for the token instead of showing the rest of the page. */
  ask() {
    if (byId('token-panel').hidden) {
      const isRefused = this.#arena.token !== null;
      setText(byId('token-note'), isRefused ? 'The server does not accept the last token.' : '');
      byId('token-panel').hidden = false;
      byId('console').hidden = true;
      this.#field.focus();
    }
  }

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
      await this.#arena.askPermit();
    } catch (error) {
      this.#arena.token = before;
      this.#refuse(error);
      return;
    }
    this.#keep(token);
    this.#field.value = '';
    setText(byId('token-note'), '');
    byId('token-panel').hidden = true;
    byId('console').hidden = false;
    this.#onAccepted();
  }

  #refuse(error) {
    const texts = { token: 'That is not the token of this server.' };
    const other = error.kind === undefined ? error.message : `The token was not tried: ${error.message}.`;
    setText(byId('token-note'), texts[error.kind] ?? other);
    this.#field.select();
  }

  #kept() {
    try {
      return sessionStorage.getItem(this.#key);
    } catch {
      return null; // The browser keeps nothing: the token is asked for again.
    }
  }

  #keep(token) {
    try {
      sessionStorage.setItem(this.#key, token);
    } catch {
      // As above.
    }
  }
}
