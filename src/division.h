/* How the rows of a batch are divided: into parts, one for each task of a job, and those of a large batch
 * into blocks, which the part's task takes one after the other. Shares differ by one row at most. A function
 * of settings alone, so that results are. */
#ifndef SAC_DIVISION_H
#define SAC_DIVISION_H

#include <stdbool.h>
#include <stdint.h>

struct sac_division {
    int rows, parts, blocks; /* blocks of each part */
};

struct sac_block {
    int first, rows; /* of the batch */
    int place;       /* the first row of its hidden layers' outputs: a part's blocks follow each other in one
                        place, so that it stays in the cache */
};

/* From so many rows on a task takes each of its blocks through all phases, as rows then leave the caches
 * before the next phase comes to them, and so many rows are a block: docs/performance.md has the
 * measurements. */
enum { SAC_LARGE_BATCH = 1024, SAC_BLOCK_ROWS = 256 };

static inline bool sac_division_by_blocks(int rows)
{
    return rows >= SAC_LARGE_BATCH;
}

static inline struct sac_division sac_division_of(int rows, int parts)
{
    const int units = parts * SAC_BLOCK_ROWS;
    return (struct sac_division){rows, parts, sac_division_by_blocks(rows) ? (rows + units - 1) / units : 1};
}

/* Rows of the largest block. */
static inline int sac_division_most_rows(const struct sac_division *d)
{
    const int units = d->parts * d->blocks;
    return (d->rows + units - 1) / units;
}

/* Rows that hidden layers need for all parts. */
static inline int sac_division_places(const struct sac_division *d)
{
    return d->blocks == 1 ? d->rows : d->parts * sac_division_most_rows(d);
}

static inline struct sac_block sac_division_block(const struct sac_division *d, int part, int block)
{
    const int64_t units = (int64_t)d->parts * d->blocks, unit = (int64_t)part * d->blocks + block;
    const int first = (int)(d->rows * unit / units), end = (int)(d->rows * (unit + 1) / units);
    return (struct sac_block){first, end - first, d->blocks == 1 ? first : part * sac_division_most_rows(d)};
}

#endif
