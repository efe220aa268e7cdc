// SPDX-License-Identifier: BSD-3-Clause
// Keeps the process's last file descriptors for itself: accepted connections and the links to children get
// none of them. **Why**: without a free descriptor GLib cannot create a thread's wake-up and aborts the
// process, and a listening socket that cannot accept stays ready, so that the loop never sleeps.
#pragma once

namespace astral {

// Whether this open descriptor is one of them. The kernel always gives the lowest free number.
bool is_one_of_the_last(int fd);
// Whether the next descriptor would be one of them.
bool only_the_last_are_free();

}  // namespace astral
