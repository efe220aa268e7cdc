// SPDX-License-Identifier: BSD-3-Clause
// The last descriptors that this process may have are its own: whoever connects gets none of them. **Why**:
// without one GLib cannot make a thread's wake-up and ends the process, and a listening socket that cannot
// accept is ready for ever.
#pragma once

namespace astral::http {

// Whether an accepted socket has one of them: the kernel gives the lowest number that is free.
bool is_one_of_the_last(int fd);

}  // namespace astral::http
