// Draws the cards of a dashboard. What customers wrote is only ever set as text, never as HTML.
"use strict";

const DARK = window.matchMedia("(prefers-color-scheme: dark)");

// Charts are drawn in the colours of the page, which the style sheet has.
function look(place) {
  const style = getComputedStyle(place);
  const ink = style.getPropertyValue("--ink").trim();
  const line = style.getPropertyValue("--line").trim();
  const words = { labelColor: ink, titleColor: ink };
  return {
    background: "transparent",
    font: "Helvetica Neue, Helvetica, Arial, DejaVu Sans, sans-serif",
    view: { stroke: null },
    axis: {
      ...words, labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal",
      gridColor: line, domainColor: line, tickColor: line,
    },
    legend: { ...words, labelFontSize: 11, symbolType: "square" },
    text: { color: ink, fill: ink },
  };
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function emptyState(place, chart) {
  place.append(element("p", chart.empty || "Nothing in this choice.", "empty"));
}

function drawMetric(place, chart, rows) {
  place.append(element("p", rows[0].value, "value"), element("p", rows[0].note, "note"));
}

function drawNotice(place, chart, rows) {
  const list = element("ul");
  rows.forEach((row) => list.append(element("li", row.text)));
  place.append(list);
  place.closest(".card").hidden = false;
}

function cell(column, value, chart, root) {
  const made = element("td");
  made.dataset.column = column;
  const links = (chart.display && chart.display.links) || {};
  const isWeb = /^https?:\/\//i.test(String(value));
  if (column === "link") {
    if (!isWeb) return made;
    const anchor = element("a", "open");
    anchor.href = value;
    anchor.rel = "noopener noreferrer nofollow";
    made.append(anchor);
  } else if (column in links && value !== null) {
    const anchor = element("a", value);
    anchor.href = root + links[column] + encodeURIComponent(value);
    made.append(anchor);
  } else {
    made.textContent = value === null ? "" : value;
    if (typeof value === "number") made.className = "number";
  }
  return made;
}

function drawTable(place, chart, rows, root) {
  const table = element("table");
  const head = element("tr");
  // On a page about one brand its name would stand in every row.
  const columns = Object.keys(rows[0]).filter((column) => column !== "brand" || severalBrands());
  columns.forEach((column) => {
    const named = element("th", column === "link" ? "" : column);
    named.scope = "col";
    if (typeof rows[0][column] === "number") named.className = "number";
    head.append(named);
  });
  const top = element("thead");
  top.append(head);
  const body = element("tbody");
  rows.forEach((row) => {
    const line = element("tr");
    columns.forEach((column) => line.append(cell(column, row[column], chart, root)));
    body.append(line);
  });
  table.append(top, body);
  const frame = element("div", undefined, "scroll");
  frame.append(table);
  place.append(frame);
}

function severalBrands() {
  return page.brands > 1 && !new URLSearchParams(page.query).get("brand");
}

// A chart `per` a column is drawn once for each of its values, under that value's name.
async function drawCharts(place, chart, rows) {
  const names = chart.per ? [...new Set(rows.map((row) => row[chart.per]))] : [];
  if (names.length < 2) return drawVega(place, chart, rows);
  for (const name of names) {
    place.append(element("h3", name));
    await drawVega(place, chart, rows.filter((row) => row[chart.per] === name));
  }
}

async function drawVega(place, chart, rows) {
  const frame = element("div", undefined, "vega");
  place.append(frame);
  const style = look(frame);
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    description: chart.title,
    width: "container",
    autosize: { type: "fit-x", contains: "padding" },
    // How much time a mark stands for depends on how long the period is.
    ...JSON.parse(
      JSON.stringify(chart.display)
        .replaceAll("{unit}", rows[0].unit)
        .replaceAll("{ink}", style.text.fill),
    ),
    data: { values: rows },
    config: { ...style, legend: { ...style.legend, columns: frame.clientWidth < 360 ? 2 : 4 } },
  };
  await vegaEmbed(frame, spec, {
    renderer: "svg",
    actions: false,
    mode: "vega-lite",
    logLevel: vega.Error,
  });
}

const DRAW = {
  metric: drawMetric,
  notice: drawNotice,
  table: drawTable,
  "vega-lite": drawCharts,
};

// Datasette's own words are HTML, and speak to whoever runs the server.
function plainly(error, status) {
  if (/took too long/.test(error)) return "it took too long. Choose a shorter period or one brand.";
  return error || `the server answered ${status}.`;
}

async function draw(slug, chart, page) {
  const place = document.getElementById(`chart-${slug}`);
  const address = `${page.root}${chart.db}.json?sql=${encodeURIComponent(chart.query)}&_shape=objects&${page.query}`;
  try {
    const answer = await fetch(address);
    const found = await answer.json();
    if (!answer.ok || !found.rows) throw new Error(plainly(found.error, answer.status));
    place.textContent = "";
    if (found.rows.length === 0) {
      emptyState(place, chart);
    } else {
      await DRAW[chart.library](place, chart, found.rows, page.root);
    }
    if (found.truncated) {
      place.append(element("p", "Cut off: more rows than can be shown. Choose a shorter period.", "empty"));
    }
  } catch (error) {
    place.textContent = "";
    place.append(element("p", `This could not be read: ${error.message}`, "empty"));
  } finally {
    place.setAttribute("aria-busy", "false");
  }
}

const page = JSON.parse(document.getElementById("earful-charts").textContent);
// The next page view would show the other colours anyway; so does this one.
DARK.addEventListener("change", () => window.location.reload());
Promise.all(Object.entries(page.charts).map(([slug, chart]) => draw(slug, chart, page))).then(() => {
  document.body.dataset.drawn = "yes";
});
