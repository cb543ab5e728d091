"""Nothing enters; texts that a compiled model is scaled by and held against leave."""

_BETWEEN = "\n%%\n"

_TEXTS = """\
VPN drops every few minutes

Resolution > Steps. 1. Quit the client from the tray icon; closing the window is not enough. 2. Open Preferences
>
Network and set Transport to `TCP 443` instead of `Automatic`, MTU to 1300, and enable Always On. 3. Delete the
file
`/etc/vpn/session.cache` and restart the service with `sudo systemctl restart vpnd`. 4. Sign in again and
confirm the
prompt on your phone within 30 seconds. If the tunnel still drops, collect the log with `vpnctl logs --since 1h
> vpn.txt`
and hand the ticket to Network Operations with the site, the access point and the time of the last three drops.
Do not
reinstall the client: that loses the certificate, and a new one takes the security team a day. Users on hotel
networks
often sit behind a captive portal which ends idle UDP sessions after two minutes; TCP 443 avoids that at some
cost in
speed. Known bad versions are 5.1.0 to 5.1.3 on macOS 14.4. See also "Certificate has expired" and "Split
tunnelling".
%%
KubePersistentVolumeFillingUp. Meaning: a persistent volume in the namespace {{ $labels.namespace }} has
less than 3% of its space left, or is predicted to fill within four days. Impact: the service degrades or
switches to
read-only; PostgreSQL, Prometheus and Elasticsearch may refuse writes. Diagnosis: `kubectl -n $NAMESPACE get
pvc`, then
`kubectl exec -it $POD -- df -h /data` and `du -x -d1 /data | sort -n | tail`. Look for a retention that was
raised
lately, a compaction that failed, or an index that grew. Mitigation: if the storage class allows it, expand the
claim by
editing `spec.resources.requests.storage`; otherwise delete old snapshots, lower `--storage.tsdb.retention.time`
and
restart the pods one by one. A volume at 100% cannot always be expanded: free 200 MB first. expr:
kubelet_volume_stats_
available_bytes / kubelet_volume_stats_capacity_bytes < 0.03 and kubelet_volume_stats_used_bytes > 0, for: 1m.
%%
My VPN keeps dropping
%%
Reset a password
%%
| Error | Cause | Fix |
| 0x80070005 | access denied | run as administrator |
| 0x8007000D | damaged update | delete SoftwareDistribution and run `sfc /scannow` |
| 503 | pool stopped | `appcmd start apppool portal` |
%%
```sh
set -euo pipefail
for host in $(cat hosts.txt); do ssh "$host" 'sudo apt-get -y upgrade && uptime'; done
curl -fsS -H "Authorization: Bearer $TOKEN" https://api.example.com/v1/queues | jq '.items[] | select(.depth >
100)'
```
%%
Leavers. On the last working day HR closes the record in the directory; accounts are disabled at 18:00,
mailboxes are forwarded to the manager for 30 days and then deleted. Laptops, badges and phones go back to
reception. Never share the password of someone who has left, not even with their manager: ask the service desk
for delegated access.
%%
Der Drucker im zweiten Stock druckt nicht. Prüfen Sie zuerst, ob Papier eingelegt ist, und starten Sie danach
den Druckdienst neu: Dienste öffnen, Druckwarteschlange anhalten, Auftragsordner leeren, Dienst starten.
%%
Comment demander un remboursement de frais ? Ouvrez le portail, joignez les reçus et indiquez le centre de
coûts.
%%
2026-11-20T09:14:07Z ERROR [payments-7f9c] TimeoutError: upstream https://10.0.4.17:8443/charge took 30.002s
(limit 30s) trace=4bf92f3577b34da6a3ce929d0e0e4736 retries=3
%%
Order a new laptop, a monitor or a docking station. Standard models are approved by the line manager; anything
above 2,000 EUR needs the budget owner as well. Delivery takes ten working days. Data is moved by the service
desk.
%%
The on-call engineer acknowledges the page within five minutes, opens an incident channel, names a commander and
posts an update every half hour. Rolling back is always allowed; failing over the database needs a second
person.
%%
a
%%
printer jam
%%
GovukUnicornMemoryUsage alert: workers of the publishing app use more than 1.5 GB. Restart them gracefully with
`sudo initctl reload publisher`, then find the request that grew them in Kibana: `application:publisher AND
duration:>5000`. If it returns within a day raise it with the team that owns the app; do not restart hourly.
%%
What is the guest Wi-Fi password, and how long does it last? Reception prints a code that is good for one day."""

PROBES: tuple[str, ...] = tuple(_TEXTS.split(_BETWEEN))
"""What runbooks and tickets look like: prose, steps, code, tables, logs, some German and French, long and short."""
