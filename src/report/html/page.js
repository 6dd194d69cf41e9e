"use strict";
(() => {
  const get = id => document.getElementById(id);
  const filter = get("filter"), text = get("text"), severity = get("severity"), owner = get("owner"), none = get("none"), count = get("count");
  const jobs = [...document.querySelectorAll("details.job")].map(row => ({row, text: ""}));
  // A job's text is read when the first filter asks for it: pages of thousands of jobs open sooner.
  const content = job => job.text ||= (job.row.firstElementChild.textContent + " " + job.row.dataset.owner + " " +
    [...job.row.querySelectorAll("td bdi")].map(role => role.textContent).join(" ")).toLowerCase();
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const job of jobs) {
      const data = job.row.dataset;
      const matches = (!severity.value || data.severity === severity.value) && (!owner.value || "=" + data.owner === owner.value) &&
        words.every(word => content(job).includes(word));
      job.row.hidden = !matches;
      shown += matches;
    }
    none.hidden = shown > 0;
    count.textContent = shown === jobs.length ? "" : shown + " of " + jobs.length + " jobs";
  };
  filter.addEventListener("input", apply);
  filter.addEventListener("submit", event => event.preventDefault());
  filter.addEventListener("reset", () => setTimeout(apply));
  filter.hidden = false;
  // Buttons that copy come with the job that is opened.
  const equip = inside => {
    for (const caption of inside.querySelectorAll("figcaption:not(:has(button))")) {
      const button = document.createElement("button"), code = caption.parentElement.querySelector("code");
      button.type = "button";
      button.textContent = "Copy";
      button.setAttribute("aria-label", "Copy the " + caption.textContent + " form");
      button.addEventListener("click", () => {
        const select = () => getSelection().selectAllChildren(code);
        const done = () => { button.textContent = "Copied"; };
        navigator.clipboard ? navigator.clipboard.writeText(code.textContent).then(done, select) : select();
      });
      caption.append(" ", button);
    }
  };
  document.addEventListener("toggle", event => { if (event.target.open) equip(event.target); }, true);
  apply();
})();
