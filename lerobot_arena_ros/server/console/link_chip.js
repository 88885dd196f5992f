// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Shows the state of the link to the open room, in the header. */

import { byId, setText } from './dom.js';

/**
 * Show a state of the link.
 * @param {string} phase 'none', 'connecting', 'joined' or 'lost'
 * @param {string} text
 */
export function showLink(phase, text) {
  byId('link').dataset.phase = phase;
  setText(byId('link'), text);
  if (phase !== 'joined') {
    setText(byId('round-trip'), '');
  }
}

/**
 * Show the time between a heartbeat and its answer.
 * @param {number} ms
 */
export function showRoundTrip(ms) {
  setText(byId('round-trip'), `${ms.toFixed(ms < 10 ? 1 : 0)} ms round trip`);
}
