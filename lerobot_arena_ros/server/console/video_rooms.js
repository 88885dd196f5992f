// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The video rooms of the arena: REST, and the signals of WebRTC. */

/**
 * A video room.
 * @typedef {object} VideoRoomInfo
 * @property {string} id
 * @property {?string} producer
 */

/** The video rooms of one arena. */
export class VideoRooms {
  #arena;

  /** @param {import('./rest.js').Arena} arena */
  constructor(arena) {
    this.#arena = arena;
  }

  /**
   * @param {string} workspace
   * @returns {Promise<VideoRoomInfo[]>}
   */
  async list(workspace) {
    const reply = await this.#arena.request(listPath(workspace));
    return reply.rooms.map(readRoom);
  }

  /**
   * @param {string} workspace
   * @param {string} room
   * @returns {Promise<VideoRoomInfo>}
   */
  async room(workspace, room) {
    return readRoom((await this.#arena.request(pathOf(workspace, room))).room);
  }

  /**
   * Return the URL of a room's WebSocket, which contains the token.
   * @param {string} workspace
   * @param {string} room
   */
  socketUrl(workspace, room) {
    return this.#arena.socketUrlOf(pathOf(workspace, room));
  }

  /**
   * Send a signal to another participant.
   * @param {string} workspace
   * @param {string} room
   * @param {string} participantId of this page in the room
   * @param {import('./link.js').Message} message
   */
  async signal(workspace, room, participantId, message) {
    const body = { client_id: participantId, message };
    await this.#arena.request(`${pathOf(workspace, room)}/webrtc/signal`, body);
  }
}

/** @param {any} fields of the reply @returns {VideoRoomInfo} */
function readRoom({ id, participants: { producer } }) {
  return { id: String(id), producer: producer === null ? null : String(producer) };
}

/** @param {string} workspace */
function listPath(workspace) {
  return `video/workspaces/${encodeURIComponent(workspace)}/rooms`;
}

/** @param {string} workspace @param {string} room */
function pathOf(workspace, room) {
  return `${listPath(workspace)}/${encodeURIComponent(room)}`;
}
