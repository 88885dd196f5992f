// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The participant ids of a page. */

/** Return an id that no other page has, for example 'console-1a2b3c'. */
export function newParticipantId() {
  const bytes = crypto.getRandomValues(new Uint8Array(3));
  const suffix = [...bytes].map((each) => each.toString(16).padStart(2, '0')).join('');
  return `console-${suffix}`;
}
