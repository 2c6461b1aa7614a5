#ifndef C_ALLOCATION_COUNT_H
#define C_ALLOCATION_COUNT_H

#include <stdint.h>

/// Heap allocations (malloc, calloc, realloc, aligned ones) that the calling thread has made since it began.
uint64_t allocation_count(void);

#endif
