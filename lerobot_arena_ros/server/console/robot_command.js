/** @file The command that brings a robot into a room, to be copied. */

import { part, setText } from './dom.js';

/** What YAML reads as a text, and a shell as one word. */
const PLAIN = /^[A-Za-z][\w-]*$/;
const NO_TEXT = /^(true|false|yes|no|on|off|null|y|n)$/i;
const COPIED_MS = 2000;

/** Shows the command in each element of the class "robot-command". */
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
 * Return the command that starts a robot which follows a room.
 * @param {string} address of the arena
 * @param {string} workspace
 * @param {string} room
 */
export function commandFor(address, workspace, room) {
  const settings = [
    ['server_url', address],
    ['workspace_id', workspace],
    ['consume.room_id', room],
    ['create_missing_rooms', 'both'],
    ['units', 'degrees'],
  ];
  const lines = settings.map(([name, value]) => `-p ${assigned(name, value)}`);
  return ['ros2 run lerobot_arena_ros arena_consumer --ros-args', ...lines].join(' \\\n  ');
}

/** A name may hold anything: it must be one text for YAML and one word for the shell. */
function assigned(name, value) {
  const isAddress = name === 'server_url' && /^[\w:/.[\]-]+$/.test(value);
  if (isAddress || (PLAIN.test(value) && !NO_TEXT.test(value))) {
    return `${name}:=${value}`;
  }
  return `'${name}:=${JSON.stringify(value).replaceAll("'", "'\\''")}'`;
}

async function copy(block) {
  const command = part(block, 'command');
  const button = part(block, 'copy');
  try {
    await navigator.clipboard.writeText(command.textContent);
    setText(button, 'Copied');
  } catch {
    // A page that came without TLS from another machine may not write to the clipboard.
    getSelection().selectAllChildren(command);
    setText(button, 'Selected: copy it');
  }
  setTimeout(() => setText(button, 'Copy'), COPIED_MS);
}
