/** @file The room that is open, as the last part of the page's address names it. */

/**
 * Return that part for a room.
 * @param {string} workspace
 * @param {string} room
 */
export function hashOf(workspace, room) {
  return `#${encodeURIComponent(workspace)}/${encodeURIComponent(room)}`;
}

/**
 * Return the workspace and the room that such a part names; null: it names none.
 * @param {string} hash
 * @returns {?[string, string]}
 */
export function roomOf(hash) {
  try {
    const parts = hash.slice(1).split('/').map(decodeURIComponent);
    return parts.length === 2 && parts.every((each) => each !== '') ? parts : null;
  } catch {
    return null;
  }
}
