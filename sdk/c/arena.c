// The allocator of a run: memory that is there from the start is handed out in one direction, and nothing is given back.
//
// A run lasts about a millisecond and its memory ends with it, so `free` does nothing. Growing memory takes a lock of the whole host,
// so it happens only when the arena is used up.

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (64 * 1024)
#define PAGE_BYTES 65536
#define GROW_PAGES 16

// Before each block stands its size, for `realloc`.
typedef struct {
    size_t size;
    size_t padding[3];
} Header;

static _Alignas(16) uint8_t arena[ARENA_BYTES];
static uintptr_t next = (uintptr_t)arena;
static uintptr_t end = (uintptr_t)arena + ARENA_BYTES;

static int grow(size_t bytes) {
    size_t needed = bytes / PAGE_BYTES + 1;
    size_t pages = needed > GROW_PAGES ? needed : GROW_PAGES;
    size_t before = __builtin_wasm_memory_grow(0, pages);
    // Near the limit, by what is needed.
    if (before == SIZE_MAX) before = __builtin_wasm_memory_grow(0, pages = needed);
    if (before == SIZE_MAX) return 0;
    uintptr_t start = before * PAGE_BYTES;
    if (start != end) next = start;
    end = start + pages * PAGE_BYTES;
    return 1;
}

void *aligned_alloc(size_t align, size_t size) {
    if (align < 16) align = 16;
    if (size > PTRDIFF_MAX - sizeof(Header) - align) return NULL;
    uintptr_t block = (next + sizeof(Header) + align - 1) & ~(uintptr_t)(align - 1);
    if (block > end || size > end - block) {
        if (!grow(size + sizeof(Header) + align)) return NULL;
        block = (next + sizeof(Header) + align - 1) & ~(uintptr_t)(align - 1);
    }
    ((Header *)block)[-1].size = size;
    next = block + size;
    return (void *)block;
}

void *malloc(size_t size) { return aligned_alloc(16, size); }

void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    void *block = malloc(bytes);
    return block ? memset(block, 0, bytes) : NULL;
}

void *realloc(void *block, size_t size) {
    if (!block) return malloc(size);
    Header *header = (Header *)block - 1;
    // The newest block grows where it is.
    if ((uintptr_t)block + header->size == next && size <= end - (uintptr_t)block) {
        header->size = size;
        next = (uintptr_t)block + size;
        return block;
    }
    if (size <= header->size) return block;
    void *moved = malloc(size);
    return moved ? memcpy(moved, block, header->size) : NULL;
}

void free(void *block) { (void)block; }
