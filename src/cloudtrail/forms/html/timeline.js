'use strict';
const get = id => document.getElementById(id);
const all = JSON.parse(get('data').textContent);
const view = get('view'), canvas = get('canvas'), pen = canvas.getContext('2d');
const ROW = 22, AXIS = 26, STEPS = [1, 5, 15, 60, 300, 900, 3600, 10800, 21600, 43200, 86400, 604800, 2592000];
const end = session => session.expires ?? session.last ?? session.issued;
const whole = [Math.min(...bounds(s => s.issued)), Math.max(...bounds(s => Math.max(end(s), s.last ?? 0)))];
let shown = all, [from, to] = whole, selected = -1, pressed = null;

/** Reduces the list first: a call with ten thousand arguments can overflow the stack. */
function bounds(of) {
  const values = all.map(of);
  return values.length ? [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))] : [0, 1];
}
function time(seconds) { return seconds === null ? 'not known' : new Date(seconds * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC'); }
function length(seconds) {
  const parts = [[86400, 'd'], [3600, 'h'], [60, 'm'], [1, 's']].map(([unit, name], at, units) =>
    [Math.floor((at ? seconds % units[at - 1][0] : seconds) / unit), name]);
  return parts.filter(([count]) => count).slice(0, 2).map(part => part.join('')).join(' ') || '0s';
}
function labelWidth() { return Math.min(360, view.clientWidth * 0.36); }
function place(seconds) { return labelWidth() + (seconds - from) / (to - from) * (view.clientWidth - labelWidth()); }
function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name); }

function cut(text, width) {
  if (pen.measureText(text).width <= width) return text;
  let length = Math.max(1, Math.floor(text.length * width / pen.measureText(text).width));
  while (length > 1 && pen.measureText(text.slice(0, length) + '…').width > width) length--;
  return text.slice(0, length) + '…';
}

function draw() {
  const width = view.clientWidth, height = view.clientHeight, scale = devicePixelRatio || 1, label = labelWidth();
  canvas.width = width * scale; canvas.height = height * scale; canvas.style.height = height + 'px';
  get('space').style.height = Math.max(0, AXIS + shown.length * ROW - height) + 'px';
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = getComputedStyle(view).font; pen.textBaseline = 'middle';
  const [text, quiet, line] = ['--text', '--quiet', '--line'].map(colour);
  const fills = {lease: colour('--headroom'), use: colour('--good-fill'), late: colour('--bad-fill')};
  const first = Math.floor(view.scrollTop / ROW), last = Math.min(shown.length, Math.ceil((view.scrollTop + height) / ROW));
  pen.save(); pen.beginPath(); pen.rect(0, AXIS, width, height - AXIS); pen.clip();
  for (let row = first; row < last; row++) {
    const session = shown[row], y = AXIS + row * ROW - view.scrollTop, middle = y + ROW / 2;
    if (session.at === selected) { pen.fillStyle = colour('--code'); pen.fillRect(0, y, width, ROW); }
    pen.fillStyle = session.depth ? quiet : text;
    const indent = 8 + Math.min(session.depth, 8) * 14;
    pen.fillText(cut((session.depth ? '└ ' : '') + session.label, label - indent - 8), indent, middle);
    pen.save(); pen.beginPath(); pen.rect(label, y, width - label, ROW); pen.clip();
    const [issued, expires] = [place(session.issued), place(end(session))];
    pen.fillStyle = fills.lease;
    pen.fillRect(issued, y + 5, Math.max(2, expires - issued), ROW - 10);
    if (session.first !== null) {
      const [a, b] = [place(session.first), place(session.last)];
      pen.fillStyle = session.late ? fills.late : fills.use;
      pen.fillRect(a, y + 8, Math.max(2, b - a), ROW - 16);
      pen.fillRect(a - 1, y + 5, 2, ROW - 10); pen.fillRect(b - 1, y + 5, 2, ROW - 10);
    }
    if (session.expires !== null) { pen.fillStyle = text; pen.fillRect(expires - 1, y + 3, 2, ROW - 6); }
    pen.restore();
  }
  pen.restore();
  axis(label, width, height, quiet, line);
}

function axis(label, width, height, quiet, line) {
  const room = (width - label) / 110, step = STEPS.find(step => (to - from) / step <= room) ?? STEPS.at(-1) * Math.ceil((to - from) / STEPS.at(-1) / room);
  pen.fillStyle = quiet; pen.textAlign = 'center';
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const x = place(at), iso = new Date(at * 1000).toISOString();
    pen.fillText(step >= 86400 ? iso.slice(0, 10) : iso.slice(5, step < 60 ? 19 : 16).replace('T', ' '), x, AXIS / 2);
    pen.fillStyle = line; pen.fillRect(x, AXIS, 1, height - AXIS); pen.fillStyle = quiet;
  }
  pen.textAlign = 'start';
}

/** Shows a span of time: at least a minute, at most everything with a margin. */
function show(a, b) {
  const margin = Math.max(30, (whole[1] - whole[0]) * 0.02), length = Math.min(Math.max(60, b - a), whole[1] - whole[0] + 2 * margin);
  from = Math.max(whole[0] - margin, Math.min(a, whole[1] + margin - length)); to = from + length;
  draw();
}
function zoom(factor, around = (from + to) / 2) { show(around - (around - from) * factor, around + (to - around) * factor); }

/** Shows the session with an eighth of its length before and after it. */
function focus(session) {
  if (session) show(session.issued - (end(session) - session.issued) / 8, end(session) + (end(session) - session.issued) / 8);
}

function select(row) {
  const session = shown[row];
  selected = session ? session.at : -1;
  const details = get('details');
  details.replaceChildren();
  if (session) {
    const list = document.createElement('dl'), add = (name, value) => {
      if (value === null || value === '') return;
      const [term, text] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = name; text.textContent = value;
      list.append(term, text);
    };
    add('Path', session.path); add('Session name', session.name); add('Access key', session.key);
    add('Issued', time(session.issued) + (session.operation ? ' by ' + session.operation : '; no record shows the issue'));
    add('Expires', session.expires === null ? 'not known' : time(session.expires) + ', after ' + length(session.expires - session.issued));
    add('Used', session.first === null ? 'no call recorded' : 'from ' + time(session.first) + ' to ' + time(session.last) + ', ' + session.calls + (session.calls === 1 ? ' call' : ' calls'));
    add('Headroom', session.expires === null || session.last === null ? null : length(Math.max(0, session.expires - session.last)) + (session.late ? '; used to its end, and nothing renewed it' : ''));
    add('Renews', session.renews); add('Chained', session.chained === null ? 'the caller is not known' : session.chained ? 'yes' : 'no');
    details.append(list);
    const y = row * ROW;
    if (y < view.scrollTop) view.scrollTop = y;
    if (y + ROW + AXIS > view.scrollTop + view.clientHeight) view.scrollTop = y + ROW + AXIS - view.clientHeight;
  } else {
    details.textContent = 'Select a session to see its path, times and calls.';
  }
  draw();
}

const KINDS = {
  all: () => true, late: session => session.late, renewed: session => session.renewed || session.renews !== null,
  chained: session => session.chained === true, unused: session => session.first === null,
};
function filter() {
  const text = get('text').value.toLowerCase(), kind = KINDS[get('kind').value];
  shown = all.filter(session => kind(session) && session.words.includes(text));
  get('count').textContent = shown.length === all.length ? all.length + ' sessions' : shown.length + ' of ' + all.length + ' sessions';
  view.scrollTop = 0;
  select(shown.findIndex(session => session.at === selected));
}

all.forEach((session, at) => { session.at = at; session.words = [session.path, session.name, session.key, session.principal].join('\n').toLowerCase(); });
canvas.addEventListener('pointerdown', event => { pressed = {x: event.offsetX, from, to, moved: false}; canvas.setPointerCapture(event.pointerId); });
canvas.addEventListener('pointermove', event => {
  if (!pressed) return;
  const moved = event.offsetX - pressed.x;
  pressed.moved ||= Math.abs(moved) > 3;
  if (pressed.moved) { const by = moved / (view.clientWidth - labelWidth()) * (pressed.to - pressed.from); show(pressed.from - by, pressed.to - by); }
});
canvas.addEventListener('pointerup', event => {
  if (pressed && !pressed.moved && event.offsetY > AXIS) select(Math.floor((event.offsetY - AXIS + view.scrollTop) / ROW));
  pressed = null;
});
canvas.addEventListener('dblclick', () => focus(all[selected]));
canvas.addEventListener('wheel', event => {
  if (!event.ctrlKey && !event.shiftKey) return;
  event.preventDefault();
  const x = Math.max(0, event.offsetX - labelWidth()) / (view.clientWidth - labelWidth());
  zoom((event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8, from + x * (to - from));
}, {passive: false});
view.addEventListener('keydown', event => {
  const row = shown.findIndex(session => session.at === selected), by = (to - from) / 10;
  const keys = {
    '+': () => zoom(0.8), '=': () => zoom(0.8), '-': () => zoom(1.25), '0': () => show(...whole),
    ArrowLeft: () => show(from - by, to - by), ArrowRight: () => show(from + by, to + by),
    Enter: () => focus(shown[row]),
    ArrowDown: () => select(Math.min(shown.length - 1, row + 1)), ArrowUp: () => select(Math.max(0, row - 1)),
  };
  if (keys[event.key] && !event.ctrlKey && !event.metaKey) { event.preventDefault(); keys[event.key](); }
});
view.addEventListener('scroll', draw);
addEventListener('resize', draw);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
get('filter').addEventListener('input', filter);
get('filter').addEventListener('submit', event => event.preventDefault());
get('in').addEventListener('click', () => zoom(0.5));
get('out').addEventListener('click', () => zoom(2));
get('everything').addEventListener('click', () => show(...whole));
get('filter').hidden = false; view.hidden = false;
show(...whole);
filter();
