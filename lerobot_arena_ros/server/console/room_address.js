// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Converts between a room and the fragment of the page's URL, which names the open room. */

/**
 * Return the URL fragment of a room.
 * @param {string} workspace
 * @param {string} room
 */
export function hashOf(workspace, room) {
  return `#${encodeURIComponent(workspace)}/${encodeURIComponent(room)}`;
}

/**
 * Return the workspace and the room in a URL fragment; null if it does not name a room.
 * @param {string} hash
 * @returns {?[string, string]}
 */
export function roomOf(hash) {
  try {
    const [workspace, room, ...rest] = hash.slice(1).split('/').map(decodeURIComponent);
    return workspace && room && rest.length === 0 ? [workspace, room] : null;
  } catch {
    return null;
  }
}
