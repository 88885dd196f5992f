/** @file Requests to the arena over REST, and the addresses of its WebSockets. */

import { Permit } from './permit.js';

const TIMEOUT_MS = 5000;

/**
 * A request that failed.
 *
 * `kind` is 'unreachable', 'token' (none, or a wrong one), 'forbidden' (this page or its token may
 * not do that), 'missing' (no such room) or 'rejected'.
 */
export class ArenaError extends Error {
  /**
   * @param {string} kind
   * @param {string} message a part of a sentence, in small letters
   */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Who is in a room.
 * @typedef {object} RoomInfo
 * @property {string} id
 * @property {?string} producer
 * @property {string[]} consumers
 * @property {number} jointCount
 */

/** The server that this page came from, below whatever path that is. */
export class Arena {
  #base;
  #onPermit;

  /**
   * @param {string} base address of the page
   * @param {() => void} onPermit called when the token allows something else than before
   */
  constructor(base, onPermit) {
    this.#base = new URL('.', base);
    this.#onPermit = onPermit;
    /** @type {?string} */
    this.token = null;
    this.permit = new Permit();
  }

  /** The path that tells this arena from others on the same host. */
  get path() {
    return this.#base.pathname;
  }

  /** The address that other programs reach it at, if they reach this page's host. */
  get address() {
    return this.#base.href.replace(/\/$/, '');
  }

  /** Ask what the token allows, which `permit` is from now on. */
  async askPermit() {
    const before = this.permit;
    this.permit = new Permit(await this.#ask('robotics/access'));
    if (!this.permit.isSame(before)) {
      this.#onPermit();
    }
  }

  /**
   * List the workspaces that have rooms, or those that the token is for.
   * @returns {Promise<string[]>}
   */
  async workspaces() {
    if (this.permit.workspaces !== null) {
      return this.permit.workspaces;
    }
    const reply = await this.#ask('robotics/cleanup/status');
    return [...new Set(reply.cleanup_status.rooms.map((room) => String(room.workspace_id)))];
  }

  /**
   * @param {string} workspace
   * @returns {Promise<RoomInfo[]>}
   */
  async rooms(workspace) {
    const reply = await this.#ask(`robotics/workspaces/${encodeURIComponent(workspace)}/rooms`);
    return reply.rooms.map(readRoom);
  }

  /**
   * @param {string} workspace
   * @param {string} room
   * @returns {Promise<RoomInfo>}
   */
  async room(workspace, room) {
    return readRoom((await this.#ask(pathOf(workspace, room))).room);
  }

  /**
   * Create a room; one that exists stays as it is.
   * @param {string} workspace
   * @param {string} room
   */
  async createRoom(workspace, room) {
    const path = `robotics/workspaces/${encodeURIComponent(workspace)}/rooms`;
    await this.#ask(path, { room_id: room });
  }

  /**
   * Return the address at which to join a room. A browser can set no header there, hence the token
   * in the query.
   * @param {string} workspace
   * @param {string} room
   * @returns {URL}
   */
  socketUrl(workspace, room) {
    const url = new URL(`${pathOf(workspace, room)}/ws`, this.#base);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    if (this.token !== null) {
      url.search = `?token=${encodeURIComponent(this.token)}`;
    }
    return url;
  }

  /**
   * @param {string} path
   * @param {?object} body to be posted; null asks only
   */
  async #ask(path, body = null) {
    const headers = { Accept: 'application/json' };
    if (this.token !== null) {
      headers.Authorization = `Bearer ${this.token}`;
    }
    const options = { headers, signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store' };
    if (body !== null) {
      headers['Content-Type'] = 'application/json';
      Object.assign(options, { method: 'POST', body: JSON.stringify(body) });
    }
    let reply;
    try {
      reply = await fetch(new URL(path, this.#base), options);
    } catch {
      throw new ArenaError('unreachable', 'the server does not answer');
    }
    if (!reply.ok) {
      throw await refusal(reply);
    }
    try {
      return await reply.json();
    } catch {
      throw new ArenaError('rejected', 'the answer is not that of an arena');
    }
  }
}

/**
 * @param {Response} reply
 * @returns {Promise<ArenaError>}
 */
async function refusal(reply) {
  switch (reply.status) {
    case 401:
      return new ArenaError('token', 'the server needs its token');
    case 403:
      return new ArenaError('forbidden', await sentence(reply));
    case 404:
      return new ArenaError('missing', 'there is no such room');
    default:
      return new ArenaError('rejected', await sentence(reply));
  }
}

/**
 * Read why a request was refused.
 * @param {Response} reply
 */
async function sentence(reply) {
  try {
    const { detail } = await reply.json();
    return typeof detail === 'string' ? detail : String(detail[0].msg);
  } catch {
    return `the server answers ${reply.status}`;
  }
}

function readRoom(fields) {
  const { producer, consumers } = fields.participants;
  return {
    id: String(fields.id),
    producer: producer === null ? null : String(producer),
    consumers: consumers.map(String),
    jointCount: Number(fields.joints_count),
  };
}

function pathOf(workspace, room) {
  const ids = [workspace, room].map(encodeURIComponent);
  return `robotics/workspaces/${ids[0]}/rooms/${ids[1]}`;
}
