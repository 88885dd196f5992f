// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Reads the messages about who has control of a room. */

/** @typedef {import('./link.js').Message} Message */

const POLICIES = ['ask', 'take'];

/**
 * Who has control of a room, as the server reports it.
 * @typedef {object} Control
 * @property {?string} holder id of the participant that has control; null: nobody
 * @property {string} policy how another driver gets control: 'first', 'ask' or 'take'
 * @property {string[]} drivers ids of the participants that may have control
 * @property {string[]} requests ids of those that have asked the holder
 * @property {number} number how many times the holder has changed
 * @property {string} change why the holder changed last; may be empty
 * @property {string} by id of the participant that caused the change; may be empty
 */

/**
 * Read a message of the type `control`. A field of another type counts as missing. A policy that
 * this page does not know counts as 'first', with which this page does not displace anybody.
 * @param {Message} message
 * @returns {Control}
 */
export function readControl({ holder, policy, drivers, requests, number, change, by }) {
  return {
    holder: typeof holder === 'string' ? holder : null,
    policy: POLICIES.includes(policy) ? policy : 'first',
    drivers: texts(drivers),
    requests: texts(requests),
    number: Number.isSafeInteger(number) ? number : 0,
    change: typeof change === 'string' ? change : '',
    by: typeof by === 'string' ? by : '',
  };
}

/**
 * Read the refusal in a message of the type `control_answer`.
 * @param {Message} message
 * @returns {?string} null: the request was done
 */
export function readRefusal({ refusal }) {
  return refusal === undefined || refusal === null ? null : String(refusal);
}

/** @param {unknown} list @returns {string[]} */
function texts(list) {
  return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
}
