// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The rule that finds the cameras of a room by the names of the video rooms. Pure. */

/** The rooms of a session of the inference server have these endings. */
const SESSION_ENDING = /-joint-(input|output)$/;

/**
 * Return what the names of a room's cameras begin with.
 * @param {string} room
 */
function prefixOf(room) {
  return `${room.replace(SESSION_ENDING, '')}-`;
}

/**
 * Return the name of a camera, without the name of the room that it belongs to.
 * @param {string} room
 * @param {string} videoRoom
 */
export function cameraName(room, videoRoom) {
  const prefix = prefixOf(room);
  return videoRoom.startsWith(prefix) ? videoRoom.slice(prefix.length) || videoRoom : videoRoom;
}

/**
 * Return the name of a video room that would be a camera of a room.
 * @param {string} room
 */
export function exampleCamera(room) {
  return `${prefixOf(room)}front`;
}

/**
 * Return the video rooms that belong to a room: `<room>-<camera>`. If the names of several rooms
 * fit, a camera belongs to the longest, so that `arm-2-front` is no camera of `arm` if there is a
 * room `arm-2`.
 * @param {string} room
 * @param {string[]} rooms all rooms of the workspace
 * @param {string[]} videoRooms all video rooms of the workspace
 * @returns {string[]}
 */
export function camerasOf(room, rooms, videoRooms) {
  const prefix = prefixOf(room);
  const longer = rooms.map(prefixOf).filter((each) => each.length > prefix.length);
  return videoRooms.filter((each) => each.startsWith(prefix) && each !== prefix
    && !longer.some((other) => each.startsWith(other)));
}
