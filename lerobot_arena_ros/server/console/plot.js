// SPDX-License-Identifier: Apache-2.0
// Copyright 2026 lerobot_arena_ros maintainers

/** @file Draws one joint over the last 30 seconds: its value in the room, and measured values. */

import { SPAN_MS } from './history.js';
import { groupMarks, labelOf } from './marks.js';
import { numberText } from './numbers.js';

const PAD = 6;
const GRID_MS = 10_000;
const MARKER_RADIUS = 3;
const LABEL_HEIGHT = 12;

/**
 * The colours of a plot.
 * @typedef {object} PlotColours
 * @property {string} line
 * @property {string} area
 * @property {string} measured
 * @property {string} grid
 * @property {string} text
 */

/** @typedef {import('./history.js').Sample} Sample */
/** @typedef {Sample & {value: number}} KnownSample */
/** @typedef {(value: number) => number} Scale maps a time or a value to pixels */

/**
 * The values that one robot measured.
 * @typedef {object} MeasuredLine
 * @property {import('./history.js').History} history
 * @property {number[]} numbers to write at its end; may be empty
 */

/**
 * Return the current colours of the style sheet, which depend on the colour scheme.
 * @returns {PlotColours}
 */
export function plotColours() {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => style.getPropertyValue(`--plot-${name}`).trim();
  const names = ['line', 'area', 'measured', 'grid', 'text'];
  const colours = Object.fromEntries(names.map((name) => [name, colour(name)]));
  return /** @type {PlotColours} */ (/** @type {unknown} */ (colours));
}

/**
 * Draw a joint up to now.
 * @param {HTMLCanvasElement} canvas
 * @param {import('./history.js').History} roomValues
 * @param {MeasuredLine[]} measured
 * @param {number} now
 * @param {PlotColours} colours
 * @param {number} decimals
 * @returns {?import('./ranges.js').Extent} of all values; null if there are none
 */
export function drawPlot(canvas, roomValues, measured, now, colours, decimals) {
  const { context, width, height } = prepared(canvas);
  const start = now - SPAN_MS;
  const samples = roomValues.since(start);
  const lines = measured.map((each) => ({ ...each, samples: each.history.since(start) }));
  /** @type {Scale} */
  const x = (at) => (Math.max(0, at - start) / SPAN_MS) * width;
  drawGrid(context, now, x, height, colours);
  const extent = extentOf([samples, ...lines.map((line) => line.samples)].flat());
  if (extent === null) {
    return null;
  }
  const y = scale(extent, height);
  for (const run of runsOf(samples, now)) {
    drawRun(context, run, x, y, height, colours);
  }
  const ends = lines.map((line) => drawMeasured(context, line, now, x, y, colours));
  drawLabels(context, ends.filter((end) => end !== null), x(now), colours);
  drawExtent(context, extent, width, height, colours, decimals);
  return extent;
}

/**
 * Clear the canvas, and set its resolution to that of the screen.
 * @param {HTMLCanvasElement} canvas
 */
function prepared(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const pixels = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
  if (canvas.width !== pixels.width || canvas.height !== pixels.height) {
    Object.assign(canvas, pixels);
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** @param {Sample[]} samples */
function extentOf(samples) {
  let [low, high] = [Infinity, -Infinity];
  for (const { value } of samples) {
    if (value !== null) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low > high ? null : { low, high };
}

/**
 * Return the vertical scale. A joint that does not move is in the middle, and small vibrations do
 * not fill the whole height.
 * @param {import('./ranges.js').Extent} extent
 * @param {number} height
 * @returns {Scale}
 */
function scale({ low, high }, height) {
  const least = Math.max(1e-3, Math.abs(low + high) * 0.01);
  const span = Math.max(high - low, least);
  const middle = (low + high) / 2;
  return (value) => height / 2 - ((value - middle) / span) * (height - 2 * PAD);
}

/**
 * Split samples where the value is unknown. The last run extends until now.
 * @param {Sample[]} samples
 * @param {number} now
 */
function runsOf(samples, now) {
  /** @type {KnownSample[][]} */
  const runs = [];
  /** @type {KnownSample[]} */
  let run = [];
  for (const { at, value } of [...samples, { at: now, value: null }]) {
    if (value !== null) {
      run.push({ at, value });
    } else if (run.length > 0) {
      runs.push([...run, { at, value: run[run.length - 1].value }]);
      run = [];
    }
  }
  return runs;
}

/**
 * Return a line that holds each value until the next.
 * @param {KnownSample[]} run
 * @param {Scale} x
 * @param {Scale} y
 */
function stepsOf(run, x, y) {
  const line = new Path2D();
  run.forEach(({ at, value }, index) => {
    if (index === 0) {
      line.moveTo(x(at), y(value));
    } else {
      line.lineTo(x(at), y(run[index - 1].value));
      line.lineTo(x(at), y(value));
    }
  });
  return line;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {KnownSample[]} run not empty
 * @param {Scale} x
 * @param {Scale} y
 * @param {number} height
 * @param {PlotColours} colours
 */
function drawRun(context, run, x, y, height, colours) {
  const line = stepsOf(run, x, y);
  const area = new Path2D(line);
  area.lineTo(x(run[run.length - 1].at), height);
  area.lineTo(x(run[0].at), height);
  context.fillStyle = colours.area;
  context.fill(area);
  context.strokeStyle = colours.line;
  context.lineWidth = 1.75;
  context.lineJoin = 'round';
  context.stroke(line);
}

/**
 * Draw a measured line, with a marker at the right end for the current value.
 * @param {CanvasRenderingContext2D} context
 * @param {{samples: Sample[], numbers: number[]}} line
 * @param {number} now
 * @param {Scale} x
 * @param {Scale} y
 * @param {PlotColours} colours
 * @returns {?import('./marks.js').Mark} the label of the marker; null: there is no current value
 */
function drawMeasured(context, { samples, numbers }, now, x, y, colours) {
  context.strokeStyle = colours.measured;
  context.fillStyle = colours.measured;
  context.lineWidth = 1.5;
  const runs = runsOf(samples, now);
  runs.forEach((run) => context.stroke(stepsOf(run, x, y)));
  const last = runs.at(-1)?.at(-1);
  if (last === undefined || last.at !== now) {
    return null;
  }
  context.beginPath();
  context.arc(x(now) - MARKER_RADIUS, y(last.value), MARKER_RADIUS, 0, 2 * Math.PI);
  context.fill();
  return { at: y(last.value), numbers, isOld: false };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import('./marks.js').Mark[]} ends
 * @param {number} right
 * @param {PlotColours} colours
 */
function drawLabels(context, ends, right, colours) {
  context.fillStyle = colours.measured;
  context.font = '600 11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const group of groupMarks(ends, () => LABEL_HEIGHT)) {
    context.fillText(labelOf(group), right - 3 * MARKER_RADIUS, (group.from + group.to) / 2);
  }
  context.textAlign = 'left';
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} now
 * @param {Scale} x
 * @param {number} height
 * @param {PlotColours} colours
 */
function drawGrid(context, now, x, height, colours) {
  context.fillStyle = colours.grid;
  for (let age = GRID_MS; age < SPAN_MS; age += GRID_MS) {
    context.fillRect(Math.round(x(now - age)), 0, 1, height);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import('./ranges.js').Extent} extent
 * @param {number} width
 * @param {number} height
 * @param {PlotColours} colours
 * @param {number} decimals
 */
function drawExtent(context, { low, high }, width, height, colours, decimals) {
  context.font = '11px system-ui, sans-serif';
  context.fillStyle = colours.text;
  context.textBaseline = 'top';
  if (high > low) {
    context.fillText(numberText(high, decimals), 6, 4);
    context.textBaseline = 'bottom';
    context.fillText(numberText(low, decimals), 6, height - 3);
  }
}
