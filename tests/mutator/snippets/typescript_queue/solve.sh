#!/bin/bash
cat > /app/src/queue.ts <<'EOF'
type Job = { id: number; cost: number };

const LEVELS: Record<string, number> = { low: 1, high: 10 };

export class Queue {
  private jobs: Job[] = [];

  constructor(private readonly limit: number = 100) {}

  add(job: Job): boolean {
    if (this.jobs.length >= this.limit) {
      return false;
    }
    this.jobs.push(job);
    this.jobs.sort((a, b) => a.cost - b.cost || a.id - b.id);
    return true;
  }

  take(level: string): Job | undefined {
    const most = LEVELS[level] ?? 1;
    return this.jobs.find((job) => job.cost <= most && job.id > 0);
  }

  total(): number {
    let sum = 0;
    for (const job of this.jobs) {
      sum += job.cost;
    }
    return sum;
  }
}
EOF
cat > /app/src/App.tsx <<'EOF'
export function Badge(props: { count: number }) {
  if (props.count === 0) {
    return null;
  }
  return <span className="badge">{props.count > 99 ? "99+" : props.count}</span>;
}
EOF
cd /app && npx tsc --strict
