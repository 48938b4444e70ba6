// The days of a filter are either a period or two dates: choosing one takes the other out.
"use strict";

document.querySelectorAll("form.filters").forEach((form) => {
  const { period, since, until } = form.elements;
  if (!period || !since) return;
  period.addEventListener("change", () => {
    if (period.value) {
      since.value = "";
      until.value = "";
    }
  });
  since.addEventListener("change", () => {
    if (since.value) period.value = "";
  });
  // An address names what was chosen, and nothing else.
  form.addEventListener("submit", () => {
    [...form.elements].forEach((one) => {
      if (one.name && one.value === "") one.disabled = true;
    });
  });
});
// Who comes back to the page finds its fields as they were.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form.filters :disabled").forEach((one) => { one.disabled = false; });
});
