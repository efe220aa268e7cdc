// SPDX-License-Identifier: BSD-3-Clause
// How much freed memory this process keeps for its next allocations (glibc's mallopt).
#pragma once

#include <malloc.h>

namespace astral::heap {

// Keeps up to 64 MiB of freed memory, and uses two arenas. **Why**: a relay allocates and frees every object
// of its streams. Returning that memory to the kernel and faulting it in again costs ten times as much as
// copying the bytes. Each link has a thread, and glibc keeps freed memory in the arena of its thread: with
// one arena for each thread, every renewed link would need the memory of the link before it a second time.
inline void keep() {
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_ARENA_MAX, 2);
}

// While an instance exists, glibc returns freed memory to the kernel. **Why**: each thread of a decoder
// allocates its pictures in an arena of its own, and malloc_trim() alone does not shrink those arenas.
class GivingBack {
 public:
  GivingBack() { mallopt(M_TRIM_THRESHOLD, 1 << 20); }
  ~GivingBack() {
    malloc_trim(0);
    keep();
  }
  GivingBack(const GivingBack &) = delete;
  GivingBack &operator=(const GivingBack &) = delete;
};

}  // namespace astral::heap
