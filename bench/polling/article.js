// The loop of the article: submits, polls every five seconds from then on, and takes the next task. As many at once as its
// account has threads. Usage: node --import fast-clock.js article.js URL TASK TASKS WORKERS
const [url, task, tasks, workers] = process.argv.slice(2);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function ask(path, form) {
  const body = new URLSearchParams({ ...form, key: 'bench', json: '1' });
  return (await fetch(`${url}${path}`, { method: 'POST', body })).json();
}

async function solve() {
  const { request: id } = await ask('/in.php', JSON.parse(task));
  for (;;) {
    await sleep(5_000);
    const { status } = await ask('/res.php', { action: 'get', id });
    if (status === 1) return;
  }
}

let left = Number(tasks);
async function work() {
  while (left > 0) {
    left -= 1;
    await solve();
  }
}
await Promise.all(Array.from({ length: Number(workers) }, work));
