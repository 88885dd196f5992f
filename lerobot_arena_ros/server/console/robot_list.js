/** @file The robots of the room on the page: what each does, and why; and the reset of a stop. */

import { agoText, fromTemplate, part, setText } from './dom.js';
import { gateText } from './robots.js';

/** The second press of a reset must come within this time, */
const CONFIRM_MS = 3000;
/** but not so soon that it is half of a double click. */
const DOUBLE_CLICK_MS = 400;

/** One banner for each robot. */
export class RobotList {
  #list;
  #none;
  #onReset;
  /** @type {Map<string, Banner>} */
  #banners = new Map();

  /**
   * @param {HTMLElement} list
   * @param {HTMLElement} none shown where no robot reports its state
   * @param {(robotId: string, stopId: string) => void} onReset the user wants a robot to reset
   *     this stop
   */
  constructor(list, none, onReset) {
    this.#list = list;
    this.#none = none;
    this.#onReset = onReset;
  }

  /**
   * @param {import('./robots.js').Robot[]} robots
   * @param {{nameOf: (id: string) => string, isJoined: boolean, canAsk: boolean, now: number}}
   *     context canAsk: whether this page can ask for a reset now
   */
  show(robots, context) {
    const ids = new Set(robots.map(({ id }) => id));
    for (const [id, banner] of this.#banners) {
      if (!ids.has(id)) {
        banner.element.remove();
        this.#banners.delete(id);
      }
    }
    robots.forEach((robot, index) => {
      const { element } = this.#banner(robot.id).show(robot, robots.length > 1, context);
      // In its place already it stays untouched, because it may have the focus.
      if (this.#list.children[index] !== element) {
        this.#list.insertBefore(element, this.#list.children[index] ?? null);
      }
    });
    this.#none.hidden = robots.length > 0;
  }

  #banner(id) {
    let banner = this.#banners.get(id);
    if (banner === undefined) {
      banner = new Banner((stopId) => this.#onReset(id, stopId));
      this.#banners.set(id, banner);
    }
    return banner;
  }
}

class Banner {
  #onReset;
  #armedAt = -Infinity;
  #stopId = '';

  constructor(onReset) {
    this.#onReset = onReset;
    this.element = fromTemplate('robot-template');
    this.button = /** @type {HTMLButtonElement} */ (part(this.element, 'robot-reset'));
    this.button.addEventListener('click', (event) => this.#onPress(event.timeStamp));
  }

  show(robot, isNumbered, { nameOf, isJoined, canAsk, now }) {
    const { element } = this;
    const gate = gateText(robot, nameOf);
    element.dataset.gate = robot.gate;
    element.classList.toggle('old', robot.isOld);
    part(element, 'badge').hidden = !isNumbered;
    setText(part(element, 'badge'), String(robot.number));
    setText(part(element, 'robot-name'), robot.id);
    setText(part(element, 'robot-detail'), detailOf(robot));
    const unknown = `Not known: ${isJoined ? 'it does not report' : 'the link is lost'}`;
    setText(part(element, 'robot-gate'), robot.isOld ? unknown : gate);
    const last = robot.isOld ? `Last report ${agoText(now - robot.heardAt)} ago: ${gate}` : '';
    setText(part(element, 'robot-last'), last);
    const refusal = robot.resetRefusal;
    setText(part(element, 'robot-refusal'), refusal && `The reset was refused: ${refusal}`);
    this.#showButton(robot, canAsk, now);
    return this;
  }

  #showButton({ id, gate, stop, canReset, whyNoReset }, canAsk, now) {
    this.button.hidden = !(canAsk && canReset && gate === 'stopped');
    this.button.disabled = whyNoReset !== '';
    const why = this.button.hidden ? '' : whyNoReset;
    setText(part(this.element, 'robot-off'), why && `You cannot reset this stop: ${why}.`);
    // The first press does not confirm the reset of a stop that came after it.
    if (now - this.#armedAt > CONFIRM_MS || this.#stopId !== (stop?.id ?? '')) {
      this.#armedAt = -Infinity;
      this.#stopId = stop?.id ?? '';
    }
    const isArmed = this.#armedAt > -Infinity;
    this.button.classList.toggle('armed', isArmed);
    setText(this.button, isArmed ? 'Press again to reset' : 'Reset the stop');
    this.button.setAttribute('aria-label', `${this.button.textContent}: ${id}`);
  }

  /** The robot may follow the room again after a reset, hence two presses. */
  #onPress(now) {
    const sinceMs = now - this.#armedAt;
    if (sinceMs > CONFIRM_MS) {
      this.#armedAt = now;
      setText(this.button, 'Press again to reset');
    } else if (sinceMs >= DOUBLE_CLICK_MS) {
      this.#armedAt = -Infinity;
      this.#onReset(this.#stopId);
    }
  }
}

function detailOf({ node, host }) {
  return [node, host === '' ? '' : `on ${host}`].filter((each) => each !== '').join(' ');
}
