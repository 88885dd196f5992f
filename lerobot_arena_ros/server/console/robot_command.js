// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file The command that connects a robot to a room, and the button that copies it. */

import { part, setText } from './dom.js';

/** Text that needs no quotes, neither in YAML nor in a shell. */
const PLAIN = /^[A-Za-z][\w-]*$/;
/** Words that YAML does not read as text. */
const YAML_KEYWORD = /^(true|false|yes|no|on|off|null|y|n)$/i;
const FEEDBACK_MS = 2000;

/** Shows the command in each element with the class "robot-command". */
export class RobotCommand {
  #arena;
  #blocks = [...document.querySelectorAll('.robot-command')];

  /** @param {import('./rest.js').Arena} arena */
  constructor(arena) {
    this.#arena = arena;
    for (const block of this.#blocks) {
      part(block, 'copy').addEventListener('click', () => copy(block));
    }
  }

  /**
   * @param {string} workspace
   * @param {string} room
   */
  show(workspace, room) {
    const text = commandFor(this.#arena.address, workspace, room);
    for (const block of this.#blocks) {
      setText(part(block, 'command'), text);
      part(block, 'command-token').hidden = this.#arena.token === null;
    }
  }
}

/**
 * Return the command that starts the bridge of a robot that follows a room.
 * @param {string} address URL of the arena
 * @param {string} workspace
 * @param {string} room
 */
function commandFor(address, workspace, room) {
  const settings = [
    ['server_url', address],
    ['workspace_id', workspace],
    ['consume.room_id', room],
    ['create_missing_rooms', 'both'],
    ['units', 'degrees'],
  ];
  const lines = settings.map(([name, value]) => `-p ${assignment(name, value)}`);
  return ['ros2 run lerobot_arena_ros arena_consumer --ros-args', ...lines].join(' \\\n  ');
}

/**
 * Return a parameter assignment. Names may contain any character, so the value is quoted such that
 * YAML reads it as text, and a shell as one word.
 * @param {string} name
 * @param {string} value
 */
function assignment(name, value) {
  const isAddress = name === 'server_url' && /^[\w:/.[\]-]+$/.test(value);
  if (isAddress || (PLAIN.test(value) && !YAML_KEYWORD.test(value))) {
    return `${name}:=${value}`;
  }
  return `'${name}:=${JSON.stringify(value).replaceAll("'", "'\\''")}'`;
}

/** @param {Element} block */
async function copy(block) {
  const command = part(block, 'command');
  const button = part(block, 'copy');
  try {
    await navigator.clipboard.writeText(command.textContent ?? '');
    setText(button, 'Copied');
  } catch {
    // Browsers refuse the clipboard to a page from another machine without TLS.
    getSelection()?.selectAllChildren(command);
    setText(button, 'Selected: copy it');
  }
  setTimeout(() => setText(button, 'Copy'), FEEDBACK_MS);
}
