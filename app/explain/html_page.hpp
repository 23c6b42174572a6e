// The parts of an explanation's page that are the same for all of them.
#pragma once

namespace orrery::app {

inline constexpr const char* html_style = R"css(
:root { color-scheme: light dark; --ground: #fff; --text: #1b1f24; --soft: #5b6570; --rule: #d5dae0; --head: #f3f5f8;
  --lit: #ffe08a; --changed: #0a6b34; --cold: #8a4b00; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --text: #e4e8ed; --soft: #98a3af; --rule: #333a42;
  --head: #1d2228; --lit: #6a5200; --changed: #6fd69a; --cold: #f0b060; } }
* { box-sizing: border-box; }
body { margin: 1.2rem; background: var(--ground); color: var(--text); font: 16px/1.4 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 1.6rem 0 .2rem; }
p { margin: .2rem 0; color: var(--soft); }
.scroll { overflow-x: auto; margin-top: .6rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid var(--rule); padding: .35rem .5rem; text-align: left; vertical-align: top; }
th { background: var(--head); font-size: .9rem; white-space: nowrap; }
td { font: 14px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
.line { display: block; white-space: pre; border-radius: 3px; padding: 0 .25rem; cursor: pointer; }
td:nth-child(2) .line, td:nth-child(3) .line { white-space: pre-wrap; padding-left: 1.75rem; text-indent: -1.5rem; }
td:nth-child(2), td:nth-child(3) { width: 24%; min-width: 17em; }
.line:hover, .line:focus { outline: 1px solid var(--soft); }
.line.lit { background: var(--lit); }
.guest { font-weight: 600; }
.note { display: block; white-space: normal; padding: 0 .25rem; color: var(--soft); font: 13px/1.4 system-ui, sans-serif;
  min-width: 15em; }
.note code { font-size: 12px; white-space: nowrap; }
.soft { color: var(--soft); }
.changed { color: var(--changed); }
.dropped { color: var(--soft); text-decoration: line-through; }
.cold { color: var(--cold); }
.pass { display: none; }
.pass.shown { display: block; }
button { font: inherit; font-weight: 600; color: inherit; background: none; border: 1px solid var(--rule); border-radius: 4px;
  padding: 0 .4rem; cursor: pointer; }
button[aria-pressed=true] { background: var(--lit); }
@page { size: landscape; margin: 1cm; }
@media print { body { margin: 0; font-size: 10px; } h1, h2 { font-size: 12px; } th { font-size: 9px; } td { font-size: 8px; }
  .note, .note code { font-size: 8px; } .note, td { min-width: 0 !important; } .help { display: none; }
  td .line { white-space: pre-wrap; padding-left: 1.75rem; text-indent: -1.5rem; } tr { break-inside: avoid; }
  .scroll { overflow: visible; } button[aria-pressed=false] { display: none; } }
)css";

// Pointing at a line lights those in its data-links; a click keeps them lit until the next.
inline constexpr const char* html_script = R"js(
'use strict';
let kept = null;
const light = line => {
  for (const lit of document.querySelectorAll('.lit')) lit.classList.remove('lit');
  if (!line) return;
  line.classList.add('lit');
  for (const id of line.dataset.links.split(' ')) if (id) document.getElementById(id).classList.add('lit');
};
const lineOf = event => event.target.closest('.line');
document.addEventListener('mouseover', event => light(lineOf(event) || kept));
document.addEventListener('focusin', event => light(lineOf(event) || kept));
document.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button) {
    const block = button.closest('section');
    for (const other of block.querySelectorAll('button')) other.setAttribute('aria-pressed', other === button);
    for (const pass of block.querySelectorAll('.pass')) pass.classList.toggle('shown', pass.dataset.pass === button.dataset.pass);
    return;
  }
  const line = lineOf(event);
  kept = line === kept ? null : line;
  light(kept);
});
)js";

} // namespace orrery::app
