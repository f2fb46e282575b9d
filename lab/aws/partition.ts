/** The partition of a region, by its name (AWS partitions list). */
export const partitionOf = (region: string): { readonly partition: string; readonly urlSuffix: string } => {
  if (region.startsWith('cn-')) return { partition: 'aws-cn', urlSuffix: 'amazonaws.com.cn' };
  if (region.startsWith('us-gov-')) return { partition: 'aws-us-gov', urlSuffix: 'amazonaws.com' };
  return { partition: 'aws', urlSuffix: 'amazonaws.com' };
};
