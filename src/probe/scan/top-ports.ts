/**
 * Ports on which something is likely to listen, the likeliest first: what `--top N` takes from.
 *
 * The order is our own and is reasoning, not counting: no scan was made for it, and no other tool's table of frequencies
 * went into it. A port is here because IANA's registry or an RFC gives it to a service, or because server software
 * listens there unless told otherwise, or because people count up from such a port for their second and third instance.
 * The tiers go from what nearly every network offers to what few do; within a tier the better known comes first. A port
 * counts where it stands first.
 */
const TIERS: readonly string[] = [
  // What a host is most often there for: the web, remote shells and desktops, shares, names, mail, the best known databases.
  `http 80; https 443; ssh 22; rdp 3389; smb 445; ftp 21; smtp 25; dns 53; http-alt 8080; telnet 23; netbios-ssn 139; epmap 135; imap
   143; imaps 993; pop3 110; pop3s 995; submission 587; submissions 465; https-alt 8443; mysql 3306; postgresql 5432; vnc 5900;
   ms-sql 1433; redis 6379; mongodb 27017; ldap 389; ldaps 636; kerberos 88; rpcbind 111; nfs 2049; oracle 1521; elasticsearch 9200;
   development servers 8000 8888 3000 5000; ipp 631; jetdirect 9100; prometheus 9090; sip 5060; pptp 1723; bgp 179; winrm 5985 5986;
   mqtt 1883; docker 2375; kubernetes 6443 10250; memcached 11211; rsync 873; rtsp 554; squid 3128; socks 1080; x11 6000; webmin
   10000`,
  // Directories, sign-on, and the management of machines.
  `global-catalog 3268 3269; kpasswd 464; kerberos-adm 749; ad-web-services 9389; tacacs 49; time 37; http-rpc-epmap 593; ssdp-events
   2869; vnc displays 5901-5910 5800 5801; ssh at hand 2222 222 2200 2022 22222; proxmox 8006; vmware 902 903; snmp 161; ipmi 623;
   teamviewer 5938; radmin 4899; ica 1494; citrix-session 2598; pcoip 4172; blast 22443; apple-remote-desktop 3283; pcanywhere 5631;
   zabbix 10050 10051; salt 4505 4506; puppet 8140; cfengine 5308; chef 9683; nrpe 5666; nsca 5667; nsclient 12489; munin 4949;
   checkmk 6556; hp-system-management 2301 2381; dell-openmanage 1311; amt 16992-16995; ilo 17988 17990; wbem 5988 5989; adb 5555;
   netconf 830; wsus 8530 8531; rds-licensing 5504; sccm 2701 10123; wsman-compat 47001; webdeploy 8172; dameware 6129; splashtop
   6783; anydesk 7070; radius-over-tls 2083; upnp-control 5431 49152; windows-rpc 49153-49157 49664-49670; cockpit 9091; ntske 4460`,
  // Databases, caches and search.
  `mongodb 27018 27019 28017; redis-tls 6380; redis-sentinel 26379; redis-cluster 16379; ms-sql-browser 1434; oracle 1522 1525 1526
   1630 2483 2484; postgresql again 5433 5434; pgbouncer 6432; pgpool 9999 9898; mysqlx 33060; mysql again 3307 3308; mysql-router
   6446-6449; galera 4567 4568 4444; proxysql 6032 6033; cassandra 9042 9160 7000 7001 7199; scylla 19042; elasticsearch 9300;
   kibana 5601; solr 8983; couchdb 5984 6984; couchbase 8091-8096 11207 11210 18091-18093; neo4j 7474 7473 7687; influxdb 8086 8088;
   clickhouse 8123 9000 9009 9440; cockroach 26257; tidb 4000 10080; tikv 20160 20180; pd 2379 2380; arangodb 8529; orientdb 2424
   2480; rethinkdb 28015 29015; db2 50000 523; informix 9088 9089; firebird 3050; sybase 2638; teradata 1025; hana 30013 30015 39013
   39015; maxdb 7210; sphinx 9306 9312; manticore 9308; meilisearch 7700; typesense 8108; qdrant 6333 6334; milvus 19530; questdb
   8812; dgraph 9080; hbase 16000 16010 16020 16030 60000 60010; hive 10002 9083; impala 21050 25000; presto 8889; druid 8082 8281;
   pinot 8098; kudu 7051 8051; riak 8087; aerospike 3001-3003; hazelcast 5701-5703; ignite 10800 47100 47500; filemaker 5003;
   pervasive 1583 3351; cache 1972; etcd 4001; victoriametrics 8428 8480 8481`,
  // Containers, what runs them, and what holds their state.
  `docker-tls 2376; swarm 2377 7946; kubelet 10255; kube-proxy 10256 10249; kube-controllers 10257 10259 10251 10252; apiserver 8001
   16443; nodeports 30000 30080 30443 32000 32443; k3s 9345; consul 8500-8503 8300-8302 8600; vault 8200 8201; nomad 4646-4648;
   zookeeper 2181 2888 3888; registry 5001; harbor 4443; haproxy-stats 1936 8404; envoy 9901 15000; istio 15001 15006 15008 15010
   15012 15014 15017 15021 15090; linkerd 4143 4191 9990; cilium 4240 4244 4245; calico 9099 5473; weave 6784; coredns 9153 8181;
   openshift 22623 22624; mesos 5050 5051; portainer 9443; libvirt 16509 16514; spice 5930; ovirt 54321 54322; openstack 8774-8778
   9292 9696 35357 6080 6082; ceph 3300 6789 6800-6803 7480 9283; gluster 24007 24008; minio 9001; argocd 8083; airflow 8793`,
  // Monitoring, logs and traces.
  `loki 3100; alertmanager 9093 9094; exporters 9101-9105 9113-9117 9121 9150 9182 9187 9216; jaeger 16686 14250 14267-14269 5778;
   zipkin 9411; otlp 4317 4318; collector 13133 55679 55680; graphite 2003 2004; statsd 8125 8126; syslog 514 601 1514; syslog-tls
   6514; beats 5044; logstash 9600; fluentd 24224 24220; graylog 12201; splunk 8089 9997 8191; netdata 19999; nagios 5668; icinga
   5665; sensu 3030 3031; wazuh 1515 55000; ossec 1516; nessus 1241; openvas 9390 9392`,
  // Messages and queues.
  `amqp 5672 5671; rabbitmq 15672 15671 25672 15692; mqtts 8883; mqtt-websocket 8084; kafka 9092-9095 29092; schema-registry 8081;
   activemq 61616 61613 61614 61617 8161; nats 4222 6222 8222; nsq 4150 4151 4160 4161 4170 4171; pulsar 6650 6651; xmpp 5222 5269
   5223 5270 5280 5281 5298; ibm-mq 1414; rocketmq 9876 10911 10909; gearman 4730; beanstalkd 11300; artemis 5445; tibco 7222 7500;
   weblogic 7002 9002; gcm 5228-5230; apns 2195 2196; matrix 8448 8008; mattermost 8065; zulip 9991`,
  // Mail, news, and what filters and sorts them.
  `sieve 4190 2000; nntp 119; nntps 563; lmtp 24; smtp at hand 26 2525; imap-of-old 220 585; poppassd 106; pop2 109; kpop 1109; spamd
   783; amavis 10024 10025; rspamd 11332-11334; clamav 3310; milter 8891; dovecot 12345 24242; zimbra 7071 7025 7110 7143 7993 7995;
   groupwise 1677; notes 1352; qmtp 209; qmqp 628; odmr 366; postfix-policy 10023 10027; davmail 1110 1143; saft 487; caldav 5232`,
  // Printers, scanners, storage, backup.
  `lpd 515; afp 548; iscsi 3260 860; isns 3205; sane 6566; nbd 10809; slp 427; nlockmgr 4045 4046; mountd 20048; rquotad 875; statd
   662; nfs-helpers 32803 32765-32769; amanda 10081-10083; netbackup 13720 13724 13782 13783 1556; veeam 9393 6160; syncthing 22000
   8384; synology 5005 5006 6690; hdfs 9864 9866 9870 50070 50075 50090 50010 50020 8020; yarn 8030-8033 8042 8188 19888`,
  // Voice, video, cameras.
  `sip-tls 5061; h323 1720; rtsp-alt 8554 5554 10554; rtmp 1935; mms 1755; cameras 37777 34567 9527 8899; sccp 2443; iax 4569; mgcp
   2427 2727; megaco 2944 2945; freeswitch 8021 5066 5080; asterisk 5038; turn 5349; mumble 64738; teamspeak 10011 30033 41144; plex
   32400 32469 3005; jellyfin 8920; airplay 7100 3689 5353; chromecast 8009; roku 8060; dlna 1900; mpd 6600`,
  // Industry, buildings, laboratories.
  `modbus 502 802; s7 102; iec104 2404 19998; dnp3 20000; ethernet-ip 44818; opc-ua 4840 4843; bacnet 47808; fox 1911 4911; codesys
   1217 2455 11740; crimson 789; ge-srtp 18245 18246; melsec 5007; profinet 34962-34964; ads 48898; knx 3671; dlms 4059; doip 13400;
   synchrophasor 4712; moxa 4800 4900; serial-servers 2001 2002 4002 10001; ignition 8043; dicom 104 11112 4242`,
  // Routers, firewalls, tunnels.
  `winbox 8291; routeros 8728 8729; cwmp 7547 30005; ssl-vpn 10443 4433; openvpn 1194 943 945; tinc 655; ldp 646 639; l2tp 1701; ike
   500 4500; checkpoint 256 257 259 264 18190 18264; fortinet 541 703 8013 8890 1000 1003; ubiquiti 8843 8880; quagga 2601-2608
   2616; openflow 6633 6653; tor 9030 9050 9051 9040; i2p 7656 7657 7658; privoxy 8118; shadowsocks 8388; v2ray 10086; socks at hand
   1081 10808; zerotier 9993; ngrok 4040; softether 992; iperf 5201 5202; diameter 3868`,
  // Development: versions, builds, debuggers, notebooks, application servers, batch.
  `git 9418; svn 3690; cvs 2401; perforce 1666; gerrit 29418; teamcity 8111; bamboo 8085 54663; gocd 8153 8154; verdaccio 4873; pypi
   3141; node-inspector 9229 5858; chrome-debug 9222; jdwp 8787; xdebug 9003; gdbserver 1234 2345; debugpy 5678; livereload 35729;
   vite 5173 4173; angular 4200; storybook 6006; hugo 1313; gradio 7860; ollama 11434; ray 8265; dask 8786; spark 7077 4041 18080
   6066; flink 6123; rmi 1099 1098; jmx 9010; jboss 4447; wildfly 4713; glassfish 4848 3700; websphere 9060 9043 2809 8879; epmd
   4369; distcc 3632; slurm 6817-6819; pbs 15002-15003; sge 6444 6445; htcondor 9618; grpc 50051; sap 3201 3299 3600 50013 50014;
   sapgui 3210; odoo 8069 8072; matlab 27000; flexlm 27001-27009; rlm 5053 5054; sentinel 1947; dict 2628`,
  // The web again: second and third instances, counted up from the usual ones.
  `81-90; 8004-8019; 8040-8045; 8070; 8097-8100; 8110; 8180-8190; 8280-8282 8383 8580 8585 8680; 8440-8449; 8543 8643 8743 8943; 8800
   8808 8818; 8881-8887; 8900 8989 8990 8999; 9004-9012; 9020 9081-9085; 9191 9444-9445 9494 9595 9797 9900 9988 9998; 3004-3010;
   3333 3443; 4005; 4080 4445; 5002-5010; 5100 5151 5443 5500 5600; 6060 6666; 7003-7010; 7080 7443 7777 7878 7979; 10088; 2080;
   cpanel 2082 2086 2087 2095 2096 2077 2078; aapanel 7800 888; gopher 70; 11443 12000 12443 16080 18081 18443 20080 28080 38080
   40080 50080 60080 60443 4321 1337; 591`,
  // Games, chat, sharing, coins.
  `irc 6667 6697 6660-6665 6669 194; minecraft 25565 25575; source-engine 27015-27020 27036; battlenet 1119 3724 6112; bittorrent
   6882-6889 6969 51413; deluge 58846 8112; gnutella 6346 6347; icq 5190; bitcoin 8332 8333 18332 18333`,
  // RFCs and IANA: services of the first decades, which old hosts and small devices still offer.
  `echo 7; discard 9; daytime 13; chargen 19; qotd 17; systat 11; netstat 15; ftp-data 20; finger 79; ident 113; exec 512; login 513;
   uucp 540; klogin 543; kshell 544; whois 43; tcpmux 1; re-mail-ck 50; nameserver 42; domain-s 853; ftps 990 989; ircs 994;
   netbios-ns 137; netbios-dgm 138; snmptrap 162; printer-of-old 35; supdup 95; hostname 101; rtelnet 107; sftp-of-old 115;
   uucp-path 117; sqlserv 118; ntp 123; xdmcp 177; mailq 174; smux 199; z3950 210; snpp 444; ddm 446-448; remotefs 556; nqs 607;
   acap 674; silc 706; agentx 705; krb-prop 754; kerberos-iv 750 751; flash-policy 843; supfilesrv 871; solaris-smc 898; samba-swat
   901; rndc 953; exp 1021 1022`,
];

/** Each once, where it stands first. */
export const TOP_PORTS: readonly number[] = [...new Set(TIERS.flatMap(portsIn))];

/** The numbers in a text, and all within its ranges; words are there for people. */
function portsIn(text: string): number[] {
  return [...text.matchAll(/(?<![\w-])(\d+)(?:-(\d+))?(?![\w-])/g)].flatMap(([, firstText, lastText]) => {
    const first = Number(firstText);
    const last = Number(lastText ?? firstText);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
