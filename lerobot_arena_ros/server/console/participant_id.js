// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The participant ids of a page: those of the links that watch and drive. */

const DRIVER_ID = /^(console-[0-9a-f]+)-driver$/;

/** Return an id that no other page has, for example 'console-1a2b3c'. */
export function newParticipantId() {
  const bytes = crypto.getRandomValues(new Uint8Array(3));
  const suffix = [...bytes].map((each) => each.toString(16).padStart(2, '0')).join('');
  return `console-${suffix}`;
}

/**
 * Return the id with which a page drives.
 * @param {string} id with which it watches
 */
export function driverIdOf(id) {
  return `${id}-driver`;
}

/**
 * Return whether an id is that of a page of this console that drives.
 * @param {string} id
 */
export function isDriverId(id) {
  return DRIVER_ID.test(id);
}

/**
 * Return the participants, each page once: one that asks for control has both of its links there.
 * @param {string[]} ids
 */
export function withEachPageOnce(ids) {
  return ids.filter((id) => !ids.includes(DRIVER_ID.exec(id)?.[1] ?? ''));
}
