// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file What the token of this page allows, as the server reports it. */

/** Each role includes the roles before it. */
const ROLES = ['watch', 'drive', 'admin'];

/** @type {Record<string, string>} */
const ROLE_TEXTS = {
  watch: 'may watch',
  drive: 'may drive',
  admin: 'may do everything',
};

/** The workspace of a client that does not specify one. */
const DEFAULT_WORKSPACE = 'default-workspace';

/** The permissions of this page. The default allows everything. */
export class Permissions {
  #token;
  #role;

  /** @param {{token: ?string, role: string, workspaces: ?string[]}} reported by the server */
  constructor({ token, role, workspaces } = { token: null, role: 'admin', workspaces: null }) {
    this.#token = token;
    this.#role = role;
    /** @type {?string[]} null: all workspaces */
    this.workspaces = workspaces;
  }

  /** The permissions as a sentence; empty if the server has no tokens. */
  get text() {
    if (this.#token === null) {
      return '';
    }
    const where = this.workspaces === null ? '' : ` in ${this.workspaces.join(', ')}`;
    return `Token '${this.#token}' ${ROLE_TEXTS[this.#role]}${where}.`;
  }

  /** The workspace to show first. */
  get firstWorkspace() {
    const { workspaces } = this;
    return workspaces === null || workspaces.includes(DEFAULT_WORKSPACE)
      ? DEFAULT_WORKSPACE
      : workspaces[0];
  }

  /** Why the page may not drive, create or reset, as a part of a sentence; empty if it may. */
  get noDriveReason() {
    const mayDrive = ROLES.indexOf(this.#role) >= ROLES.indexOf('drive');
    return mayDrive ? '' : 'your token may only watch';
  }

  /**
   * @param {Permissions} other
   * @returns {boolean} whether both allow the same
   */
  equals(other) {
    return this.text === other.text;
  }
}
