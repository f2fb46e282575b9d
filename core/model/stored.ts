import * as z from 'zod';

/**
 * The schema of a stored row, or of a part of it. Fields that this version does not know are kept: an older version reads
 * the rows of a newer one after a rollback, and must not remove what it does not understand. The type lists the known ones.
 */
export const stored = <Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodObject<Shape, z.core.$strip> =>
  z.looseObject(shape) as unknown as z.ZodObject<Shape, z.core.$strip>;
