// SPDX-License-Identifier: BSD-3-Clause
// Our MOQT codec as a command, for comparison with a codec that others wrote.
//   moqt_oracle generate SEED COUNT   encodes COUNT things, writes a line {"kind", "hex", "fields"} for each
//   moqt_oracle decode                reads lines KIND HEX, writes a line of fields, or {"error"}, for each
// Kinds: control (one message), subgroup, fetch (one stream), datagram. moqt_fields.hpp describes the fields.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <random>
#include <sstream>
#include <string>

#include "moqt_fields.hpp"

using namespace astral;
using namespace astral::moqt;

namespace {

// ---- decoding ----

std::string error(std::string_view reason) {
  return Json('{').add("error", '"' + std::string(reason) + '"').done();
}

std::string decode_control(Bytes wire) {
  const auto frame = next_frame(wire);
  if (!frame) return error(frame.error().reason);
  if (frame->size != wire.size()) return error("not one whole message");
  const auto decoded = decode(frame->type, frame->body);
  return decoded ? fields(*decoded) : error(decoded.error().reason);
}

std::string decode_subgroup(Bytes wire) {
  Reader type(wire);
  const std::uint64_t value = type.vi64();
  if (!is_subgroup_type(value)) return error("not a subgroup");
  SubgroupReader reader(value, 1 << 20);
  std::vector<Object> objects;
  Bytes rest = type.rest();
  while (!rest.empty()) {
    Bytes byte = rest.first(1);  // byte by byte, as it may arrive
    rest = rest.subspan(1);
    const auto step = reader.read(byte);
    if (!step) return error(step.error().reason);
    if (*step == SubgroupReader::Step::too_large || *step == SubgroupReader::Step::malformed)
      return error("stopped");
    if (*step == SubgroupReader::Step::object) objects.push_back(reader.take_object());
  }
  return reader.at_boundary() ? fields(reader.header(), objects) : error("cut short");
}

std::string decode_fetch(Bytes wire) {
  Reader header(wire);
  if (header.vi64() != fetch_stream_type) return error("not a fetch");
  const RequestId request{header.vi64()};
  Bytes rest = header.rest();
  FetchContext context;
  std::vector<FetchItem> items;
  while (!rest.empty()) {
    const auto item = context.next(rest);
    if (!item) return error(item.error().reason);
    if (!*item) return error("cut short");
    items.push_back(**item);
  }
  return fields(request, items);
}

std::string decode_one_datagram(Bytes wire) {
  const auto datagram = decode_datagram(wire);
  if (!datagram) return error(datagram.error().reason);
  return *datagram ? fields(**datagram) : error("padding");
}

std::string decode_line(const std::string &line) {
  std::istringstream in(line);
  std::string kind, digits;
  in >> kind >> digits;
  std::vector<std::uint8_t> wire;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    wire.push_back(static_cast<std::uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
  if (kind == "control") return decode_control(wire);
  if (kind == "subgroup") return decode_subgroup(wire);
  if (kind == "fetch") return decode_fetch(wire);
  if (kind == "datagram") return decode_one_datagram(wire);
  return error("unknown kind");
}

// ---- generating ----

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  void line() {
    switch (below(8)) {
      case 0:
      case 1:
        return subgroup();
      case 2:
        return fetch();
      case 3:
        return datagram();
      default: {
        const Message one = control();
        return print("control", encode(one), fields(one));
      }
    }
  }

 private:
  static void print(const char *kind, Bytes wire, const std::string &described) {
    std::cout << Json('{')
                     .add("kind", '"' + std::string(kind) + '"')
                     .add("hex", json_hex(wire))
                     .add("fields", described)
                     .done()
              << '\n';
  }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool coin() { return below(2) == 0; }
  std::uint64_t any_number() {  // of every magnitude
    const std::uint64_t bits = below(65);
    return bits == 0 ? 0 : random_() >> (64 - bits);
  }
  std::string any_bytes(std::uint64_t most) {
    std::string bytes;
    for (std::uint64_t size = below(most + 1); size > 0; --size) bytes += static_cast<char>(below(256));
    return bytes;
  }
  std::string any_text() {
    static const char *const texts[] = {"", "no such stream", "f\xc3\xbcr Elise",
                                        "moqt://node.example:4443/a?b=c"};
    return texts[below(std::size(texts))] + std::string(below(3) == 0 ? below(300) : 0, 'x');
  }
  Namespace any_namespace() {
    Namespace space;
    for (std::uint64_t fields = below(5) == 0 ? below(33) : below(4); fields > 0; --fields)
      space.push_back("f" + any_bytes(20));
    return space;
  }
  TrackName any_track() { return {any_namespace(), any_bytes(40)}; }
  Location any_location() { return {any_number(), any_number()}; }

  Properties any_properties() {
    Properties properties;
    if (coin()) return properties;
    if (coin()) properties.add(property::default_publisher_priority, below(256));
    if (coin()) properties.add(property::max_cache_duration, any_number());
    if (coin()) properties.add(property::default_group_order, 1 + below(2));
    if (coin()) properties.add(property::dynamic_groups, below(2));
    for (std::uint64_t count = below(4); count > 0; --count) {
      const std::uint64_t type = 0x3800 + below(16);
      if (type % 2 == 0)
        properties.add(type, any_number());
      else
        properties.add(type, any_bytes(300));
    }
    return properties;
  }

  Token any_token() {
    Token token;
    token.kind = static_cast<Token::Alias>(below(4));
    if (token.kind != Token::Alias::use_value) token.alias = any_number();
    if (token.kind == Token::Alias::register_ || token.kind == Token::Alias::use_value) {
      token.type = any_number();
      token.value = any_bytes(50);
    }
    return token;
  }

  Filter any_filter() {
    Filter filter;
    filter.kind = static_cast<Filter::Kind>(1 + below(4));
    if (filter.kind >= Filter::Kind::absolute_start) filter.start = any_location();
    if (filter.kind == Filter::Kind::absolute_range)
      filter.end_group_delta = std::min(any_number(), ~std::uint64_t{0} - filter.start.group);
    return filter;
  }

  // A random choice of the parameters that a message of this scope may carry.
  Parameters any_parameters(ParameterScope scope) {
    Parameters parameters;
    const auto maybe = [&](auto Parameters::*member, auto value) {
      if (coin()) return;
      Parameters one;
      one.*member = value;
      Writer out;
      write(out, one);
      Reader in(out.view());
      if (read_parameters(in, scope)) parameters.*member = value;
    };
    maybe(&Parameters::object_delivery_timeout_ms, any_number());
    maybe(&Parameters::tokens, std::vector<Token>{any_token(), any_token()});
    maybe(&Parameters::rendezvous_timeout_ms, any_number());
    maybe(&Parameters::subgroup_delivery_timeout_ms, any_number());
    maybe(&Parameters::expires_ms, any_number());
    maybe(&Parameters::largest_object, any_location());
    maybe(&Parameters::fill_timeout_ms, any_number());
    maybe(&Parameters::forward, coin());
    maybe(&Parameters::subscriber_priority, static_cast<std::uint8_t>(below(256)));
    maybe(&Parameters::filter, any_filter());
    maybe(&Parameters::group_order, coin() ? GroupOrder::ascending : GroupOrder::descending);
    maybe(&Parameters::new_group_request, any_number());
    maybe(&Parameters::track_namespace_prefix, any_namespace());
    return parameters;
  }

  Message control() {
    using enum ParameterScope;
    const RequestId id{any_number()};
    switch (below(18)) {
      case 0: {
        Setup setup;
        setup.options.add(option::implementation, any_text())
            .add(option::max_auth_token_cache_size, any_number());
        setup.options.add(0x7F * 2 * below(100) + 0x9D, any_bytes(30));
        return setup;
      }
      case 1:
        return Goaway{any_text(), any_number(), coin() ? std::optional(id) : std::nullopt};
      case 2:
        return Subscribe{id, any_track(), any_parameters(subscribe)};
      case 3:
        return SubscribeOk{TrackAlias{any_number()}, any_parameters(subscribe_ok), any_properties()};
      case 4:
        return RequestOk{any_parameters(request_ok), any_properties()};
      case 5: {
        RequestError error{static_cast<RequestCode>(any_number()), any_number(), any_text(), {}};
        if (coin()) error.code = RequestCode::redirect;
        if (error.code == RequestCode::redirect) error.redirect = Redirect{any_text(), any_track()};
        return error;
      }
      case 6:
        return RequestUpdate{id, any_parameters(request_update)};
      case 7:
        return Publish{id, any_track(), TrackAlias{any_number()}, any_parameters(publish), any_properties()};
      case 8:
        return PublishDone{static_cast<DoneCode>(any_number()), any_number(), any_text()};
      case 9:
        return TrackStatus{id, any_track(), any_parameters(track_status)};
      case 10:
        return PublishNamespace{id, any_namespace(), any_parameters(publish_namespace)};
      case 11:
        return SubscribeNamespace{id, any_namespace(), any_parameters(subscribe_namespace)};
      case 12:
        return SubscribeTracks{id, any_namespace(), any_parameters(subscribe_tracks)};
      case 13:
        return NamespaceFound{any_namespace()};
      case 14:
        return NamespaceDone{any_namespace()};
      case 15:
        return PublishBlocked{any_namespace(), any_bytes(30)};
      case 16: {
        Fetch fetch{id, JoiningFetch{coin(), RequestId{any_number()}, any_number()},
                    any_parameters(ParameterScope::fetch)};
        if (coin()) fetch.range = StandaloneFetch{any_track(), any_location(), any_location()};
        return fetch;
      }
      default:
        return FetchOk{coin(), any_location(), any_parameters(fetch_ok), any_properties()};
    }
  }

  void subgroup() {
    SubgroupHeader header;
    header.alias = TrackAlias{any_number()};
    header.group = any_number();
    header.mode = static_cast<SubgroupHeader::Mode>(below(3));
    if (header.mode == SubgroupHeader::Mode::field) header.subgroup = any_number();
    if (coin()) header.priority = static_cast<std::uint8_t>(below(256));
    header.end_of_group = coin();
    header.first_object = coin();
    Writer out;
    out.bytes(encode(header));
    std::vector<Object> objects;
    std::uint64_t next = below(3) == 0 ? any_number() / 2 : 0;
    for (std::uint64_t count = below(6); count > 0; --count) {
      Object object;
      const std::uint64_t delta = below(4) == 0 ? any_number() % 100000 : 0;
      object.id = {header.group, next + delta};
      const auto properties = encode(any_properties());
      const std::string payload = coin() ? any_bytes(200) : std::string();
      object.wire = encode_object(properties, as_bytes(payload));
      object.properties_offset = 1 + vi64_size(properties.size());
      object.properties_size = properties.size();
      object.payload_offset = object.wire.size() - payload.size();
      if (count == 1 && coin()) {
        object.wire = encode_end_of_group();
        object.properties_size = 0;
        object.payload_offset = object.wire.size();
        object.status = ObjectStatus::end_of_group;
      }
      const std::uint64_t written = objects.empty() ? object.id.object : delta;
      out.vi64(written).bytes(object.wire.from(1).bytes());
      object.subgroup = header.mode == SubgroupHeader::Mode::first_object
                            ? (objects.empty() ? object.id.object : objects[0].id.object)
                            : header.subgroup;
      next = object.id.object + 1;
      objects.push_back(std::move(object));
    }
    print("subgroup", out.view(), fields(header, objects));
  }

  void fetch() {
    const RequestId request{any_number()};
    Writer out;
    out.bytes(encode(FetchHeader{request}));
    FetchContext context;
    std::vector<std::vector<std::uint8_t>> kept;
    std::vector<FetchItem> items;
    Location at{any_number() / 2, any_number() / 2};
    for (std::uint64_t count = below(8); count > 0; --count) {
      FetchItem item;
      item.id = at;
      if (below(4) == 0)
        item.subgroup.reset();
      else
        item.subgroup = below(3);
      item.priority = static_cast<std::uint8_t>(below(3));
      kept.push_back(encode(any_properties()));
      item.properties = kept.back();
      const std::string payload = any_bytes(50);
      kept.emplace_back(payload.begin(), payload.end());
      item.payload = kept.back();
      items.push_back(item);
      context.write(out, item);
      if (coin()) {
        at.object += 1 + (coin() ? below(1000) : 0);
      } else {
        at.group += 1 + (coin() ? below(1000) : 0);
        at.object = below(3);
      }
    }
    print("fetch", out.view(), fields(request, items));
  }

  void datagram() {
    ObjectDatagram datagram;
    datagram.alias = TrackAlias{any_number()};
    datagram.id = {any_number(), coin() ? 0 : any_number()};
    if (coin()) datagram.priority = static_cast<std::uint8_t>(below(256));
    const auto properties = encode(any_properties());
    datagram.properties = properties;
    const std::string payload = any_bytes(100);
    if (below(4) == 0) {
      datagram.status = properties.empty() && coin() ? ObjectStatus::end_of_group : ObjectStatus::normal;
    } else {
      datagram.end_of_group = coin();
      datagram.payload = as_bytes(payload);
    }
    print("datagram", encode(datagram), fields(datagram));
  }

  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char **argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "generate" && argc == 4) {
    Generator generator(std::strtoull(argv[2], nullptr, 10));
    for (unsigned long count = std::strtoul(argv[3], nullptr, 10); count > 0; --count) generator.line();
    return 0;
  }
  if (command == "decode" && argc == 2) {
    for (std::string line; std::getline(std::cin, line);) std::cout << decode_line(line) << '\n';
    return 0;
  }
  std::fprintf(stderr, "usage: moqt_oracle generate SEED COUNT | moqt_oracle decode < LINES\n");
  return 2;
}
