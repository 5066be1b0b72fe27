// Keeps the page up to date while logins go on, lights up what happens, and steps through the messages. The page is whole without it.
'use strict';

const calm = matchMedia('(prefers-reduced-motion: reduce)');
const live = document.getElementById('live');
const status = document.getElementById('said');
const STEP_MS = 1100;

/** The element of a piece of markup that the demo's server made. */
function made(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content.firstElementChild;
}

/** Lights up the sender and the receiver of a message in the head of its flow. */
function light(message) {
  const flow = message.closest('.flow');
  for (const party of flow.querySelectorAll('.parties span')) {
    const { party: name } = party.dataset;
    party.classList.toggle('on', name === message.dataset.from || name === message.dataset.to);
  }
  for (const other of flow.querySelectorAll('.message.current')) other.classList.remove('current');
  message.classList.add('current');
}

function flowOf({ flow, flowHtml, pane }) {
  const found = document.getElementById(`flow-${flow}`);
  if (found) return found;
  const element = made(flowHtml);
  const home = pane ? live : document.querySelector('.played') ?? live;
  if (pane) {
    for (const other of document.querySelectorAll('.flow, .played')) other.open = false;
    document.querySelector('.quiet').hidden = true;
    home.prepend(element);
  } else {
    home.append(element);
  }
  equip(element);
  return element;
}

function add(message) {
  const flow = flowOf(message);
  const element = made(message.html);
  if (document.getElementById(element.id)) return;
  element.classList.add('new');
  flow.querySelector('.messages').append(element);
  light(element);
  if (message.pane) {
    const label = element.querySelector('.label').cloneNode(true);
    label.querySelector('code').remove();
    status.textContent = label.textContent;
  }
}

function show({ seen, addresses, link, hours, outcomes, logins, plugin, typed }) {
  for (const step of document.querySelectorAll('.step')) {
    const done = seen.includes(step.dataset.step);
    if (done === step.classList.contains('seen')) continue;
    step.classList.toggle('seen', done);
    step.querySelector('.done').textContent = done ? ' (seen)' : '';
    step.querySelector('details').open = false;
    const next = [...document.querySelectorAll('.step')].find((each) => !each.classList.contains('seen'));
    if (next) next.querySelector('details').open = true;
  }
  for (const [browser, address] of Object.entries(addresses)) {
    const input = document.querySelector(`.pane.${browser} .address input[name=link]`);
    if (input && input !== document.activeElement) input.value = address;
  }
  const stolen = document.querySelector('.stolen');
  if (stolen) {
    stolen.querySelector('input[name=link]').value = link ?? '';
    stolen.hidden = !link;
    document.querySelector('.waiting').hidden = Boolean(link);
  }
  if (typed) {
    const said = document.querySelector('.typed-said');
    said.textContent = typed.said;
    said.classList.toggle('refused', typed.refused);
  }
  if (plugin) {
    document.querySelector('.about').textContent = plugin.about;
    const failure = document.querySelector('.failure');
    failure.textContent = plugin.failure ?? '';
    failure.hidden = !plugin.failure;
  }
  document.querySelector('.hours').textContent = hours;
  for (const [flow, word] of Object.entries(outcomes)) {
    const tag = document.querySelector(`#flow-${flow} > summary .tag`);
    if (!tag) continue;
    tag.textContent = word;
    tag.className = `tag ${word}`;
    tag.hidden = false;
  }
  for (const [flow, login] of Object.entries(logins)) {
    const save = document.querySelector(`#flow-${flow} > .save`);
    if (!save) continue;
    save.querySelector('a').href = `/story?login=${encodeURIComponent(login)}`;
    save.hidden = false;
  }
}

/** Moves to a message of a flow: opens it, lights it up, and brings it into view. */
function visit(flow, at, keep) {
  const messages = [...flow.querySelectorAll('.message')];
  const message = messages[Math.max(0, Math.min(at, messages.length - 1))];
  if (!message) return;
  if (!keep) for (const other of messages) other.querySelector('details').open = other === message;
  light(message);
  message.scrollIntoView({ block: 'nearest', behavior: calm.matches ? 'auto' : 'smooth' });
}

const current = (flow) => [...flow.querySelectorAll('.message')].findIndex((each) => each.classList.contains('current'));

/** Shows the messages of a flow again, one after the other. */
function play(flow, button) {
  const list = flow.querySelector('.messages');
  if (list.classList.contains('playing')) return stop(flow, button);
  const messages = [...list.children];
  for (const message of messages) {
    message.classList.add('later-on');
    message.querySelector('details').open = false;
  }
  list.classList.add('playing');
  button.textContent = 'Stop';
  const next = (at) => {
    if (!list.classList.contains('playing')) return;
    if (at >= messages.length) return stop(flow, button);
    messages[at].classList.remove('later-on', 'new');
    void messages[at].offsetWidth; // so that its animation begins again
    messages[at].classList.add('new');
    visit(flow, at, true);
    setTimeout(next, STEP_MS, at + 1);
  };
  next(0);
}

function stop(flow, button) {
  const list = flow.querySelector('.messages');
  list.classList.remove('playing');
  for (const message of list.children) message.classList.remove('later-on');
  button.textContent = 'Play';
}

/** Gives a flow its buttons. */
function equip(flow) {
  const bar = document.createElement('div');
  bar.className = 'controls';
  const button = (text, name, act) => {
    const element = document.createElement('button');
    element.type = 'button';
    element.textContent = text;
    element.setAttribute('aria-label', `${name}: ${flow.querySelector('h3').textContent}`);
    element.addEventListener('click', () => act(element));
    bar.append(element);
  };
  button('Previous', 'Previous message', () => visit(flow, current(flow) - 1));
  button('Next', 'Next message', () => visit(flow, current(flow) + 1));
  button('Play', 'Play', (element) => play(flow, element));
  flow.querySelector('.parties').before(bar);
}

/** Arrow keys go from message to message. */
document.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const message = event.target.closest?.('.message');
  if (!step || !message || event.target.tagName !== 'SUMMARY') return;
  const summaries = [...message.parentElement.querySelectorAll('.message > details > summary')];
  const next = summaries[summaries.indexOf(event.target) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
  light(next.closest('.message'));
});

/** The clock is moved, and a plugin is changed, without loading the page: both browsers stay where they are. */
for (const form of document.querySelectorAll('.later, .editor form')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    const said = form.parentElement.querySelector('.typed-said');
    if (said) said.textContent = 'compiling …';
    await fetch(form.action, { method: 'POST', redirect: 'manual', body });
  });
}

for (const flow of document.querySelectorAll('.flow')) equip(flow);

const events = new EventSource(`/events?after=${document.body.dataset.last}`);
events.addEventListener('journal', (event) => {
  const { messages, state } = JSON.parse(event.data);
  for (const message of messages) add(message);
  show(state);
});
