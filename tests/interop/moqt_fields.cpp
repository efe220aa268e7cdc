// SPDX-License-Identifier: BSD-3-Clause
#include "moqt_fields.hpp"

namespace astral::moqt {

Json &Json::add(std::string_view key, std::string_view value) {
  comma();
  text_ += '"';
  text_ += key;
  text_ += "\":";
  text_ += value;
  return *this;
}

Json &Json::add(std::string_view value) {
  comma();
  text_ += value;
  return *this;
}

std::string json_hex(Bytes bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text = "\"";
  for (const std::uint8_t byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text + '"';
}

std::string json_hex(const std::string &text) {
  return json_hex(as_bytes(text));
}

namespace {

std::string number(std::uint64_t value) {
  return '"' + std::to_string(value) + '"';
}
template <typename E>
std::string number_of(E value) {
  return number(static_cast<std::uint64_t>(value));
}
std::string truth(bool value) {
  return value ? "true" : "false";
}
std::string location(Location at) {
  return '"' + std::to_string(at.group) + ',' + std::to_string(at.object) + '"';
}

std::string list(const Namespace &space) {
  Json json('[');
  for (const std::string &field : space) json.add(json_hex(field));
  return json.done();
}

std::string list(const Properties &properties) {
  Json json('[');
  for (const Property &one : properties.all())
    json.add(Json('[')
                 .add(number(one.type))
                 .add(one.type % 2 == 0 ? number(one.number) : json_hex(one.bytes))
                 .done());
  return json.done();
}

std::string token(const Token &token) {
  return Json('{')
      .add("kind", number_of(token.kind))
      .add("alias", number(token.alias))
      .add("type", number(token.type))
      .add("value", json_hex(token.value))
      .done();
}

std::string filter(const Filter &filter) {
  return Json('{')
      .add("kind", number_of(filter.kind))
      .add("start", location(filter.start))
      .add("delta", number(filter.end_group_delta))
      .done();
}

std::string list(const Parameters &parameters) {
  Json json('[');
  const auto add = [&](std::uint64_t type, const std::string &value) {
    json.add(Json('[').add(number(type)).add(value).done());
  };
  const auto add_number = [&](std::uint64_t type, const auto &value) {
    if (value) add(type, number(static_cast<std::uint64_t>(*value)));
  };
  add_number(0x02, parameters.object_delivery_timeout_ms);
  for (const Token &one : parameters.tokens) add(0x03, token(one));
  add_number(0x04, parameters.rendezvous_timeout_ms);
  add_number(0x06, parameters.subgroup_delivery_timeout_ms);
  add_number(0x08, parameters.expires_ms);
  if (parameters.largest_object) add(0x09, location(*parameters.largest_object));
  add_number(0x0A, parameters.fill_timeout_ms);
  add_number(0x10, parameters.forward);
  add_number(0x20, parameters.subscriber_priority);
  if (parameters.filter) add(0x21, filter(*parameters.filter));
  add_number(0x22, parameters.group_order);
  add_number(0x32, parameters.new_group_request);
  if (parameters.track_namespace_prefix) add(0x34, list(*parameters.track_namespace_prefix));
  return json.done();
}

Json message(std::string_view type) {
  Json json('{');
  json.add("type", '"' + std::string(type) + '"');
  return json;
}

Json &add_track(Json &json, const TrackName &track) {
  return json.add("namespace", list(track.space)).add("name", json_hex(track.name));
}

std::string fields(const Setup &setup) {
  return message("SETUP").add("options", list(setup.options)).done();
}
std::string fields(const Goaway &goaway) {
  return message("GOAWAY")
      .add("uri", json_hex(goaway.uri))
      .add("timeout", number(goaway.timeout_ms))
      .add("request", goaway.request ? number_of(*goaway.request) : "null")
      .done();
}
template <typename T>
std::string track_request(const T &request, std::string_view type) {
  Json json = message(type).add("id", number_of(request.id));
  return add_track(json, request.track).add("parameters", list(request.parameters)).done();
}
std::string fields(const Subscribe &subscribe) {
  return track_request(subscribe, "SUBSCRIBE");
}
std::string fields(const TrackStatus &status) {
  return track_request(status, "TRACK_STATUS");
}
std::string fields(const SubscribeOk &ok) {
  return message("SUBSCRIBE_OK")
      .add("alias", number_of(ok.alias))
      .add("parameters", list(ok.parameters))
      .add("properties", list(ok.properties))
      .done();
}
std::string fields(const RequestOk &ok) {
  return message("REQUEST_OK")
      .add("parameters", list(ok.parameters))
      .add("properties", list(ok.properties))
      .done();
}
std::string fields(const RequestError &error) {
  std::string redirect = "null";
  if (error.redirect) {
    Json json('{');
    json.add("uri", json_hex(error.redirect->uri));
    redirect = add_track(json, error.redirect->track).done();
  }
  return message("REQUEST_ERROR")
      .add("code", number_of(error.code))
      .add("retry", number(error.retry))
      .add("reason", json_hex(error.reason))
      .add("redirect", redirect)
      .done();
}
std::string fields(const RequestUpdate &update) {
  return message("REQUEST_UPDATE")
      .add("id", number_of(update.id))
      .add("parameters", list(update.parameters))
      .done();
}
std::string fields(const Publish &publish) {
  Json json = message("PUBLISH").add("id", number_of(publish.id));
  return add_track(json, publish.track)
      .add("alias", number_of(publish.alias))
      .add("parameters", list(publish.parameters))
      .add("properties", list(publish.properties))
      .done();
}
std::string fields(const PublishDone &done) {
  return message("PUBLISH_DONE")
      .add("code", number_of(done.code))
      .add("count", number(done.stream_count))
      .add("reason", json_hex(done.reason))
      .done();
}
std::string space_request(std::string_view type, RequestId id, const Namespace &space,
                          const Parameters &parameters) {
  return message(type)
      .add("id", number_of(id))
      .add("namespace", list(space))
      .add("parameters", list(parameters))
      .done();
}
std::string fields(const PublishNamespace &one) {
  return space_request("PUBLISH_NAMESPACE", one.id, one.space, one.parameters);
}
std::string fields(const SubscribeNamespace &one) {
  return space_request("SUBSCRIBE_NAMESPACE", one.id, one.prefix, one.parameters);
}
std::string fields(const SubscribeTracks &one) {
  return space_request("SUBSCRIBE_TRACKS", one.id, one.prefix, one.parameters);
}
std::string fields(const NamespaceFound &found) {
  return message("NAMESPACE").add("namespace", list(found.suffix)).done();
}
std::string fields(const NamespaceDone &done) {
  return message("NAMESPACE_DONE").add("namespace", list(done.suffix)).done();
}
std::string fields(const PublishBlocked &blocked) {
  return message("PUBLISH_BLOCKED")
      .add("namespace", list(blocked.suffix))
      .add("name", json_hex(blocked.name))
      .done();
}
std::string fields(const Fetch &fetch) {
  Json json = message("FETCH").add("id", number_of(fetch.id));
  if (const auto *range = std::get_if<StandaloneFetch>(&fetch.range)) {
    json.add("kind", number(1));
    add_track(json, range->track).add("start", location(range->start)).add("end", location(range->end));
  } else {
    const auto &joining = std::get<JoiningFetch>(fetch.range);
    json.add("kind", number(joining.relative ? 2 : 3))
        .add("request", number_of(joining.request))
        .add("start", number(joining.start));
  }
  return json.add("parameters", list(fetch.parameters)).done();
}
std::string fields(const FetchOk &ok) {
  return message("FETCH_OK")
      .add("end_of_track", truth(ok.end_of_track))
      .add("end", location(ok.end))
      .add("parameters", list(ok.parameters))
      .add("properties", list(ok.properties))
      .done();
}
std::string priority(std::optional<std::uint8_t> value) {
  return value ? number(*value) : "null";
}

}  // namespace

std::string fields(const Message &message) {
  return std::visit([](const auto &one) { return fields(one); }, message);
}

std::string fields(const SubgroupHeader &header, const std::vector<Object> &objects) {
  Json all('[');
  for (const Object &object : objects)
    all.add(Json('{')
                .add("id", number(object.id.object))
                .add("properties", json_hex(object.properties()))
                .add("payload", json_hex(object.payload().bytes()))
                .add("status", number_of(object.status))
                .done());
  return Json('{')
      .add("alias", number_of(header.alias))
      .add("group", number(header.group))
      .add("subgroup", number(objects.empty() ? header.subgroup : objects[0].subgroup))
      .add("priority", priority(header.priority))
      .add("has_properties", truth(header.properties))
      .add("end_of_group", truth(header.end_of_group))
      .add("first_object", truth(header.first_object))
      .add("objects", all.done())
      .done();
}

std::string fields(const ObjectDatagram &datagram) {
  return Json('{')
      .add("alias", number_of(datagram.alias))
      .add("id", location(datagram.id))
      .add("priority", priority(datagram.priority))
      .add("end_of_group", truth(datagram.end_of_group))
      .add("properties", json_hex(datagram.properties))
      .add("status", datagram.status ? number_of(*datagram.status) : "null")
      .add("payload", json_hex(datagram.payload))
      .done();
}

std::string fields(RequestId request, const std::vector<FetchItem> &items) {
  Json all('[');
  for (const FetchItem &item : items)
    all.add(Json('{')
                .add("id", location(item.id))
                .add("subgroup", item.subgroup ? number(*item.subgroup) : "null")
                .add("priority", number(item.priority))
                .add("properties", json_hex(item.properties))
                .add("payload", json_hex(item.payload))
                .done());
  return Json('{').add("request", number_of(request)).add("objects", all.done()).done();
}

}  // namespace astral::moqt
