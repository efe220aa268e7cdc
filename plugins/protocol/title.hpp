// SPDX-License-Identifier: BSD-3-Clause
// The slug of a stream from its title, which may be in any script. A title becomes a slug nowhere else.
#pragma once

#include <string>
#include <string_view>

namespace astral::protocol {

// "Прямой эфир" → "pramoj-efir": ICU writes the title in Latin letters, then slug_of() applies. A title
// without letters (emoji; in a build without ICU, other scripts) becomes "stream-" and eight digits of its
// SHA-256. So a title always gives the same slug, as long as the same ICU reads it. Empty if the title has
// nothing but spaces and ASCII punctuation, or is longer than `max_name`.
// **Thread**: one at a time; ICU's tables are loaded at the first title that is not ASCII (about 50 ms).
std::string slug_of_title(std::string_view title);

}  // namespace astral::protocol
