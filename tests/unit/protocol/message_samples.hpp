// SPDX-License-Identifier: BSD-3-Clause
// A JSON text of every type of message.
#pragma once

#include <string>
#include <vector>

namespace astral::protocol {

inline const std::string fingerprint(64, 'a');
inline constexpr const char *ice =
    R"({"ufrag":"abcd","pwd":"0123456789012345678901","candidates":["candidate:1 1 UDP 1 127.0.0.1 9 typ host"]})";
inline constexpr const char *node_text =
    R"({"uuid":"n1","ip_address":"::1","port":8000,"supernode":true,"origin":true,"version":"0.1.0","upstream_kbps":800,"downstream_kbps":9000,"primary_supernode_uuid":"s1","children":3,"capacity":100,"updated":1700000000123,"udp":"behind-nat","nat_mapping":"endpoint-independent","nat_filtering":"address-and-port-dependent","ipv4":true,"ipv6":true,"turn":true})";
inline constexpr const char *stream_text =
    R"({"slug":"my-talk","name":"My Talk!","description":"é","source":"n1","fingerprint":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","streaming":true,"media":"video/mpegts","bitrate_kbps":4000,"created":1700000000,"updated":1700000000123})";

inline constexpr const char *place = R"({"uuid":"n2","via":"s1","ip_address":"10.0.0.1","port":8000})";

// Every type once, with every field, as write_message() writes it.
inline std::vector<std::string> samples() {
  const std::string n(node_text), s(stream_text), i(ice), f = "\"fingerprint\":\"" + fingerprint + "\"", at(place);
  const std::string self = n.substr(1, n.size() - 2);
  const std::string wish =
      R"("slug":"a","destination":"n2","search":"q-1","asker":)" + at + R"(,"parent":true)";
  const std::string routed = R"({"to":)" + at + R"(,"from":{"uuid":"n3"},"hops":3,"sought":true,"what":)";
  return {
      R"({"kind":"node",)" + self + R"(,"type":"hello"})",
      R"({"kind":"element","uuid":"e1","port":0,"supernode":false,"version":"","type":"hello"})",
      "{" + self + R"(,"nodes":[)" + n + R"(],"type":"welcome"})",
      R"({"type":"register"})",
      R"({"others":[)" + n + R"(],"type":"registered"})",
      R"({"others":[)" + n + "," + n + R"(],"type":"full"})",
      R"({"type":"unregister"})",
      R"({"type":"summon"})",
      R"({"type":"probe"})",
      R"({"reached":true,"type":"probed"})",
      R"({"tickets":["t-1","t-2"],"sent_ms":1700000000000,"standby":["t-3"],"echo_ms":1699999999999,"held_ms":5,"nodes":[)" +
          n + R"(],"type":"heartbeat"})",
      R"({"type":"goodbye"})",
      R"({"ticket":"t-1","slug":"a","destination":"n2","type":"request"})",
      "{" + wish + R"(,"type":"request"})",
      "{" + wish + R"(,"room":2,"standby":true,"except":["n3","n4"],"asked":3,"type":"request"})",
      "{" + wish +
          R"(,"udp":"behind-nat","nat_mapping":"address-dependent","nat_filtering":"endpoint-independent","ipv6":true,"turn":true,"address":"10.0.0.1","unreachable":["n3","n4"],"hungry":true,"direct":true,"relay":true,"relay_from_ipv4":true,"relay_from_ipv6":true,"type":"request"})",
      R"({"ticket":"t-1","slug":"a","source":"n1","hops":1,"search":"q-1","stream":[)" + s +
          R"(],"path":["n0","n1"],)" + f + R"(,"ice":)" + i +
          R"(,"direct_id":"00112233445566778899aabbccddeeff","direct":["192.0.2.1:8000","[2001:db8::1]:8000"],"tcp":"192.0.2.1:8000","type":"offer"})",
      R"({"ticket":"t-1","slug":"a","code":"no-room","message":"full","type":"refusal"})",
      R"({"slug":"a","code":"conflict","message":"","type":"refusal"})",
      R"({"slug":"a","code":"loop","message":"","search":"q-1","asked":2,"type":"refusal"})",
      R"({"slug":"a","code":"no-path","message":"","search":"q-1","relay":"n3","type":"refusal"})",
      R"({"ticket":"t-1","type":"hold"})",
      R"({"ticket":"t-1",)" + f + R"(,"ice":)" + i + R"(,"type":"confirm"})",
      R"({"ticket":"t-1",)" + f + R"(,"ice":)" + i +
          R"(,"direct_id":"00112233445566778899aabbccddeeff","tcp":"[2001:db8::1]:8000","type":"confirm"})",
      R"({"ticket":"t-1","candidates":["candidate:2"],"type":"candidates"})",
      R"({"ticket":"t-1","code":"no-room","message":"gone","type":"cancel"})",
      R"({"ticket":"t-1","hops":2,"path":["n0","n1"],"type":"path"})",
      R"({"ticket":"t-1","hops":2,"path":["n0","n1"],"granted":true,"type":"path"})",
      R"({"ticket":"t-1","hops":2,"path":["n0","n1"],"cut":true,"type":"path"})",
      R"({"ticket":"t-1","slug":"a","mover":"n2","provider":)" + at + R"(,"hops":2,"type":"loop_check"})",
      R"({"ticket":"t-1","slug":"a","key":")" + std::string(64, 'b') + R"(","mover":"n2","provider":)" + at +
          R"(,"hops":2,"type":"loop_check"})",
      R"({"ticket":"t-1","slug":"a~3f0a","key":")" + std::string(64, 'b') +
          R"(","destination":"n2","type":"request"})",
      R"({"ticket":"t-1","clear":true,"type":"loop_checked"})",
      R"({"ticket":"t-1","type":"leaving"})",
      R"({"ticket":"t-1","viewers":12,"type":"viewers"})",
      R"({"streams":[)" + s + R"(],"type":"streams"})",
      R"({"slug":"a","updated":12,"type":"gone"})",
      R"({"slug":"a","hops":2,"room":3,"type":"carrying"})",
      R"({"slug":"a","over":true,"type":"carrying"})",
      R"({"slug":"a","supernode":)" + at +
          R"(,"hops":2,"room":3,"over":true,"copied":true,"second":true,"stream":[)" + s +
          R"(],"type":"advert"})",
      "{" + wish + R"(,"stage":2,"carriers":1,"wide":true,"second":true,"type":"find"})",
      R"({"place":)" + at + R"(,"updated":12,"copied":true,"type":"here"})",
      R"({"call":7,"slug":"a","type":"seed"})",
      R"({"call":7,"done":false,"message":"no","type":"seeded"})",
      routed + R"({"call":7,"slug":"a","type":"seed"},"type":"routed"})",
      routed + "{" + wish + R"(,"type":"request"},"type":"routed"})",
      R"({"to":)" + at +
          R"(,"from":{"uuid":"n3"},"hops":3,"sealed":{"text":"what its author wrote","key":")" + fingerprint +
          R"(","number":7,"signature":")" + fingerprint + fingerprint + R"("},"type":"routed"})",
      R"({"slug":"a","name":"A","description":"d","media":"video/mpegts","bitrate_kbps":4000,"type":"publish"})",
      R"({"slug":"a","largest_group":1700000000000,"type":"published"})",
      R"({"slug":"a","media":"video/x-matroska","type":"media"})",
      R"({"slug":"a","type":"ended"})",
  };
}

}  // namespace astral::protocol
