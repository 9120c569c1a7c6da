// Chosen files are listed with their sizes before they are sent; while they are sent, the form says how far it is.
//
// <form hx-boost="true" enctype="multipart/form-data"> <input type="file" data-upload data-limit="BYTES">
//   <ul data-upload-list></ul> <progress data-upload-progress max="100" hidden></progress> <output data-upload-status>

import { say } from "./words.js";

function readable(bytes) {
  const [unit, size] = bytes < 1e3 ? ["byte", 1] : bytes < 1e6 ? ["kilobyte", 1e3] : ["megabyte", 1e6];
  const amount = bytes / size;
  return new Intl.NumberFormat(document.documentElement.lang, {
    style: "unit",
    unit,
    unitDisplay: unit === "byte" ? "long" : "short",
    maximumFractionDigits: amount < 10 ? 1 : 0,
  }).format(amount);
}

function list(input) {
  const place = input.form.querySelector("[data-upload-list]");
  const limit = Number(input.dataset.limit) || Infinity;
  const files = [...input.files];
  place?.replaceChildren(
    ...files.map((file) =>
      Object.assign(document.createElement("li"), { textContent: `${file.name} · ${readable(file.size)}` }),
    ),
  );
  const tooBig = files.find((file) => file.size > limit);
  input.setCustomValidity(
    tooBig ? say("tooBig", { name: tooBig.name, limit: readable(limit) }) : "",
  );
  input.reportValidity();
}

document.addEventListener("change", (event) => {
  if (event.target.matches?.("input[type=file][data-upload]")) list(event.target);
});

document.addEventListener("htmx:xhr:progress", (event) => {
  const { lengthComputable, loaded, total } = event.detail;
  const bar = event.target.querySelector?.("[data-upload-progress]");
  if (!bar || !lengthComputable || !total) return;
  const percent = Math.round((100 * loaded) / total);
  bar.hidden = false;
  bar.value = percent;
  const status = event.target.querySelector("[data-upload-status]");
  if (status) status.textContent = say("uploading", { percent: `${percent}%` });
});
