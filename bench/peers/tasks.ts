import type { Task } from './task.ts';
import { callTasks } from './tasks-of-calls.ts';
import { hostileTasks } from './tasks-of-hostility.ts';
import { memoryTasks } from './tasks-of-memory.ts';
import { stopTasks } from './tasks-of-stopping.ts';

/** All tasks, in the order of the tables. */
export const TASKS: readonly Task[] = [...callTasks, ...stopTasks, ...memoryTasks, ...hostileTasks];
