// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Requests to the arena over REST, and the URLs of its WebSockets. */

import { withEachPageOnce } from './participant_id.js';
import { Permissions } from './permissions.js';

const TIMEOUT_MS = 5000;

/**
 * A request that failed.
 *
 * `kind` is 'unreachable', 'token' (missing or wrong), 'forbidden' (not allowed for this page or
 * its token), 'missing' (the room does not exist) or 'rejected'.
 */
export class ArenaError extends Error {
  /**
   * @param {string} kind
   * @param {string} message a part of a sentence, in lower case
   */
  constructor(kind, message) {
    super(message);
    this.kind = kind;
  }
}

/**
 * Return a caught error as an ArenaError, which is the only kind of error that a request throws.
 * @param {unknown} error
 */
export function asArenaError(error) {
  return /** @type {ArenaError} */ (error);
}

/**
 * A room and its participants.
 * @typedef {object} RoomInfo
 * @property {string} id
 * @property {?string} producer
 * @property {string[]} consumers
 * @property {number} jointCount
 */

/** The server that this page was loaded from. It may be below any path. */
export class Arena {
  #base;
  #onPermissions;

  /**
   * @param {string} base URL of the page
   * @param {() => void} onPermissions called when the permissions of the token have changed
   */
  constructor(base, onPermissions) {
    this.#base = new URL('.', base);
    this.#onPermissions = onPermissions;
    /** @type {?string} */
    this.token = null;
    this.permissions = new Permissions();
  }

  /** The path that distinguishes this arena from others on the same host. */
  get path() {
    return this.#base.pathname;
  }

  /** The URL of the arena for other programs, if they can reach the host of this page. */
  get address() {
    return this.#base.href.replace(/\/$/, '');
  }

  /** Request what the token allows and update `permissions`. */
  async fetchPermissions() {
    const before = this.permissions;
    this.permissions = new Permissions(await this.request('robotics/access'));
    if (!this.permissions.equals(before)) {
      this.#onPermissions();
    }
  }

  /**
   * List the workspaces of the token, or, if it allows all, those that have rooms.
   * @returns {Promise<string[]>}
   */
  async workspaces() {
    if (this.permissions.workspaces !== null) {
      return this.permissions.workspaces;
    }
    const reply = await this.request('robotics/cleanup/status');
    /** @type {{workspace_id: unknown}[]} */
    const rooms = reply.cleanup_status.rooms;
    return [...new Set(rooms.map((room) => String(room.workspace_id)))];
  }

  /**
   * @param {string} workspace
   * @returns {Promise<RoomInfo[]>}
   */
  async rooms(workspace) {
    const path = `robotics/workspaces/${encodeURIComponent(workspace)}/rooms`;
    const reply = await this.request(path);
    return reply.rooms.map(readRoom);
  }

  /**
   * @param {string} workspace
   * @param {string} room
   * @returns {Promise<RoomInfo>}
   */
  async room(workspace, room) {
    return readRoom((await this.request(pathOf(workspace, room))).room);
  }

  /**
   * Create a room; a room that exists stays as it is.
   * @param {string} workspace
   * @param {string} room
   */
  async createRoom(workspace, room) {
    const path = `robotics/workspaces/${encodeURIComponent(workspace)}/rooms`;
    await this.request(path, { room_id: room });
  }

  /**
   * Return the URL of a room's WebSocket.
   * @param {string} workspace
   * @param {string} room
   */
  socketUrl(workspace, room) {
    return this.socketUrlOf(pathOf(workspace, room));
  }

  /**
   * Return the URL of the WebSocket of a room. It has the token in the query, because a browser
   * cannot set a header of a WebSocket request.
   * @param {string} path of the room, relative to that of the arena
   * @returns {URL}
   */
  socketUrlOf(path) {
    const url = new URL(`${path}/ws`, this.#base);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    if (this.token !== null) {
      url.search = `?token=${encodeURIComponent(this.token)}`;
    }
    return url;
  }

  /**
   * Send a request.
   * @param {string} path relative to that of the arena
   * @param {?object} body to send with POST; null sends a GET request
   * @returns {Promise<any>} the JSON of the reply
   * @throws {ArenaError}
   */
  async request(path, body = null) {
    /** @type {Record<string, string>} */
    const headers = { Accept: 'application/json' };
    if (this.token !== null) {
      headers.Authorization = `Bearer ${this.token}`;
    }
    /** @type {RequestInit} */
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
      throw new ArenaError('rejected', 'the reply does not come from an arena server');
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
      return new ArenaError('token', 'the server requires a valid token');
    case 403:
      return new ArenaError('forbidden', await detailOf(reply));
    case 404:
      return new ArenaError('missing', 'there is no such room');
    default:
      return new ArenaError('rejected', await detailOf(reply));
  }
}

/**
 * Return the reason that the server gives for refusing a request.
 * @param {Response} reply
 */
async function detailOf(reply) {
  try {
    const { detail } = await reply.json();
    return typeof detail === 'string' ? detail : String(detail[0].msg);
  } catch {
    return `the server answered with status ${reply.status}`;
  }
}

/**
 * @param {any} fields of the reply
 * @returns {RoomInfo}
 */
function readRoom(fields) {
  const { producer, consumers } = fields.participants;
  return {
    id: String(fields.id),
    producer: producer === null ? null : String(producer),
    consumers: withEachPageOnce(consumers.map(String)),
    jointCount: Number(fields.joints_count),
  };
}

/** @param {string} workspace @param {string} room */
function pathOf(workspace, room) {
  const ids = [workspace, room].map(encodeURIComponent);
  return `robotics/workspaces/${ids[0]}/rooms/${ids[1]}`;
}
