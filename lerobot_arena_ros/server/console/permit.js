/** @file What the token of this page allows, as the server told it. */

/** Each role includes those before it. */
const ROLES = ['watch', 'drive', 'admin'];

const WORDS = {
  watch: 'may watch',
  drive: 'may drive',
  admin: 'may do everything',
};

/** That of a client that names none. */
const DEFAULT_WORKSPACE = 'default-workspace';

/** What this page may do; unless the server says otherwise, everything. */
export class Permit {
  #token;
  #role;

  /** @param {{token: ?string, role: string, workspaces: ?string[]}} told by the server */
  constructor({ token, role, workspaces } = { token: null, role: 'admin', workspaces: null }) {
    this.#token = token;
    this.#role = role;
    /** @type {?string[]} null: every workspace */
    this.workspaces = workspaces;
  }

  /** As a sentence; empty where the server has no tokens. */
  get text() {
    if (this.#token === null) {
      return '';
    }
    const where = this.workspaces === null ? '' : ` in ${this.workspaces.join(', ')}`;
    return `Token '${this.#token}' ${WORDS[this.#role]}${where}.`;
  }

  /** The workspace to show first. */
  get firstWorkspace() {
    return this.isIn(DEFAULT_WORKSPACE) ? DEFAULT_WORKSPACE : this.workspaces[0];
  }

  /** Why nothing may be driven, created or reset, as a part of a sentence; empty: it may. */
  get whyNoDrive() {
    const mayDrive = ROLES.indexOf(this.#role) >= ROLES.indexOf('drive');
    return mayDrive ? '' : 'your token may watch only';
  }

  /**
   * @param {string} workspace
   * @returns {boolean} whether anything is allowed there
   */
  isIn(workspace) {
    return this.workspaces === null || this.workspaces.includes(workspace);
  }

  /**
   * @param {Permit} other
   * @returns {boolean} whether it allows the same
   */
  isSame(other) {
    return this.text === other.text;
  }
}
