/** @file Draws the last half minute of one joint: what the room was told, and what robots measured. */

import { SPAN_MS } from './history.js';
import { groupMarks, labelOf } from './marks.js';
import { numberText } from './numbers.js';

const PAD = 6;
const GRID_MS = 10_000;
const MARKER = 3;
const LABEL_HEIGHT = 12;

/**
 * The colours of a plot.
 * @typedef {object} Inks
 * @property {string} line
 * @property {string} area
 * @property {string} measured
 * @property {string} grid
 * @property {string} text
 */

/**
 * What one robot measured.
 * @typedef {object} MeasuredLine
 * @property {import('./history.js').History} history
 * @property {number[]} numbers that are written at its end; may be empty
 */

/**
 * Read the colours that the style sheet has at present.
 * @returns {Inks}
 */
export function inksOfPage() {
  const style = getComputedStyle(document.documentElement);
  const ink = (name) => style.getPropertyValue(`--plot-${name}`).trim();
  const names = ['line', 'area', 'measured', 'grid', 'text'];
  return /** @type {Inks} */ (Object.fromEntries(names.map((name) => [name, ink(name)])));
}

/**
 * Draw a joint up to now.
 * @param {HTMLCanvasElement} canvas
 * @param {import('./history.js').History} told
 * @param {MeasuredLine[]} measured
 * @param {number} now
 * @param {Inks} inks
 * @param {number} decimals
 * @returns {?{low: number, high: number}} what all was between; null where nothing is known
 */
export function drawPlot(canvas, told, measured, now, inks, decimals) {
  const { context, width, height } = prepared(canvas);
  const start = now - SPAN_MS;
  const samples = told.since(start);
  const lines = measured.map(({ history, numbers }) => ({ samples: history.since(start), numbers }));
  const x = (at) => (Math.max(0, at - start) / SPAN_MS) * width;
  drawGrid(context, now, x, height, inks);
  const extent = extentOf([samples, ...lines.map((line) => line.samples)].flat());
  if (extent === null) {
    return null;
  }
  const y = scale(extent, height);
  for (const run of runsOf(samples, now)) {
    drawRun(context, run, x, y, height, inks);
  }
  const ends = lines.map((line) => drawMeasured(context, line, now, x, y, inks));
  drawLabels(context, ends.filter((end) => end !== null), x(now), inks);
  drawExtent(context, extent, width, height, inks, decimals);
  return extent;
}

/** Give the canvas as many pixels as it has on this screen, and empty it. */
function prepared(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const pixels = { width: Math.round(width * ratio), height: Math.round(height * ratio) };
  if (canvas.width !== pixels.width || canvas.height !== pixels.height) {
    Object.assign(canvas, pixels);
  }
  const context = canvas.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

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

/** Put a still joint in the middle, and do not blow a tremor up to the whole height. */
function scale({ low, high }, height) {
  const least = Math.max(1e-3, Math.abs(low + high) * 0.01);
  const span = Math.max(high - low, least);
  const middle = (low + high) / 2;
  return (value) => height / 2 - ((value - middle) / span) * (height - 2 * PAD);
}

/** Cut where nothing is known; the last run holds until now. */
function runsOf(samples, now) {
  const runs = [];
  let run = [];
  for (const sample of [...samples, { at: now, value: null }]) {
    if (sample.value !== null) {
      run.push(sample);
    } else if (run.length > 0) {
      runs.push([...run, { at: sample.at, value: run.at(-1).value }]);
      run = [];
    }
  }
  return runs;
}

/** A line that holds each value until the next. */
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

function drawRun(context, run, x, y, height, inks) {
  const line = stepsOf(run, x, y);
  const area = new Path2D(line);
  area.lineTo(x(run.at(-1).at), height);
  area.lineTo(x(run[0].at), height);
  context.fillStyle = inks.area;
  context.fill(area);
  context.strokeStyle = inks.line;
  context.lineWidth = 1.75;
  context.lineJoin = 'round';
  context.stroke(line);
}

/**
 * The marker at the right end is where the joint is measured now.
 * @returns {?{at: number, numbers: number[], isOld: boolean}} what is to be written there
 */
function drawMeasured(context, { samples, numbers }, now, x, y, inks) {
  context.strokeStyle = inks.measured;
  context.fillStyle = inks.measured;
  context.lineWidth = 1.5;
  const runs = runsOf(samples, now);
  runs.forEach((run) => context.stroke(stepsOf(run, x, y)));
  const last = runs.at(-1)?.at(-1);
  if (last === undefined || last.at !== now) {
    return null;
  }
  context.beginPath();
  context.arc(x(now) - MARKER, y(last.value), MARKER, 0, 2 * Math.PI);
  context.fill();
  return { at: y(last.value), numbers, isOld: false };
}

function drawLabels(context, ends, right, inks) {
  context.fillStyle = inks.measured;
  context.font = '600 11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const group of groupMarks(ends, () => LABEL_HEIGHT)) {
    context.fillText(labelOf(group), right - 3 * MARKER, (group.from + group.to) / 2);
  }
  context.textAlign = 'left';
}

function drawGrid(context, now, x, height, inks) {
  context.fillStyle = inks.grid;
  for (let age = GRID_MS; age < SPAN_MS; age += GRID_MS) {
    context.fillRect(Math.round(x(now - age)), 0, 1, height);
  }
}

function drawExtent(context, { low, high }, width, height, inks, decimals) {
  context.font = '11px system-ui, sans-serif';
  context.fillStyle = inks.text;
  context.textBaseline = 'top';
  if (high > low) {
    context.fillText(numberText(high, decimals), 6, 4);
    context.textBaseline = 'bottom';
    context.fillText(numberText(low, decimals), 6, height - 3);
  }
}
