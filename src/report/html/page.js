"use strict";
(() => {
  const get = id => document.getElementById(id);
  const filter = get("filter"), text = get("text"), severity = get("severity"), owner = get("owner"), account = get("account"), group = get("group"), sort = get("sort"), list = get("jobs"), none = get("none"), count = get("count");
  const jobs = [...document.querySelectorAll("details.job")].map((row, place) => ({row, place, text: ""}));
  // A job's text is read when the first filter asks for it: pages of thousands of jobs open sooner.
  const content = job => job.text ||= (job.row.firstElementChild.textContent + " " + job.row.dataset.owner + " " +
    [...job.row.querySelectorAll("td bdi")].map(role => role.textContent).join(" ")).toLowerCase();
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const job of jobs) {
      const data = job.row.dataset;
      const matches = (!severity.value || data.severity === severity.value) && (!owner.value || "=" + data.owner === owner.value) &&
        (!account.value || "=" + data.account === account.value) &&
        words.every(word => content(job).includes(word));
      job.row.hidden = !matches;
      shown += matches;
    }
    none.hidden = shown > 0;
    count.textContent = shown === jobs.length ? "" : shown + " of " + jobs.length + " jobs";
  };
  // Jobs of one group stay together; within a group the order is the chosen one, and otherwise the worst first.
  const arrange = () => {
    list.querySelectorAll("h3.group").forEach(heading => heading.remove());
    const key = (job, by) => by ? job.row.dataset[by] : "";
    const order = [...jobs].sort((a, b) => key(a, group.value).localeCompare(key(b, group.value)) ||
      key(a, sort.value).localeCompare(key(b, sort.value)) || a.place - b.place);
    let last = null;
    for (const job of order) {
      const name = key(job, group.value);
      if (group.value && name !== last) {
        const heading = document.createElement("h3");
        heading.className = "group";
        heading.textContent = group.value + " " + (name || "(none)");
        list.append(heading);
        last = name;
      }
      list.append(job.row);
    }
    for (const heading of list.querySelectorAll("h3.group")) {
      let row = heading.nextElementSibling;
      while (row && row.hidden && !row.matches("h3")) row = row.nextElementSibling;
      heading.hidden = !row || row.matches("h3");
    }
  };
  let arranged = "";
  const update = () => {
    apply();
    const wanted = group.value + " " + sort.value;
    if (wanted !== arranged || group.value) arrange();
    arranged = wanted;
  };
  filter.addEventListener("input", update);
  filter.addEventListener("submit", event => event.preventDefault());
  filter.addEventListener("reset", () => setTimeout(update));
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
