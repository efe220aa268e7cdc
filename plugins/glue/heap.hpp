// SPDX-License-Identifier: BSD-3-Clause
// How much of what was freed this process keeps for what comes next.
#pragma once

#include <malloc.h>

namespace astral::heap {

// A relay allocates and frees every object of its streams: given back to the kernel each time, and faulted in
// again, that costs ten times what the copying does. Each link has a thread, and what a thread has freed stays
// with its arena: with one for each, every renewed link would need the memory of the one before once more.
inline void keep() {
  mallopt(M_TRIM_THRESHOLD, 64 << 20);
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_ARENA_MAX, 2);
}

// As long as it is there, what is freed goes back. **Why**: each thread of a decoder allocates its pictures
// in an arena of its own, and malloc_trim() alone does not shrink those.
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
