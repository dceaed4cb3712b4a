import * as z from 'zod';
import { MAX_AMOUNT } from './plain-fields.ts';

/** The numbers that messages carry. */

export const count = z.int().min(0);

export const requestId = z.int();

/** The ids of a client's requests: signed 64-bit integers, made exact by `withExactId`. */
export const clientRequestId = z.union([
  requestId,
  z
    .bigint()
    .min(-(2n ** 63n))
    .max(2n ** 63n - 1n),
]);

/** A time or a size of 64 bits. */
export const amount = z
  .number()
  .min(0)
  .max(MAX_AMOUNT)
  .refine(Number.isInteger, 'must be a whole number');
