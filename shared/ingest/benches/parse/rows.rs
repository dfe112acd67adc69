//! Rows of every format, all different and always the same.

pub(crate) use weir_domain::login::LoginEvent as Login;

/// How the rows of a format are written.
pub(crate) struct Rows {
    head: &'static str,
    row: fn(u32) -> String,
    /// Between two rows.
    between: &'static str,
    tail: &'static str,
}

impl Rows {
    const fn lines(head: &'static str, row: fn(u32) -> String) -> Self {
        Self { head, row, between: "\n", tail: "\n" }
    }

    /// An object of so many rows.
    pub(crate) fn bytes(&self, rows: u32) -> Vec<u8> {
        let rows: Vec<String> = (0..rows).map(self.row).collect();
        [self.head, &rows.join(self.between), self.tail].concat().into_bytes()
    }
}

pub(crate) const FLOW_V5: Rows = Rows::lines(
    "account-id region vpc-id subnet-id interface-id flow-direction pkt-srcaddr pkt-dstaddr pkt-src-aws-service \
     pkt-dst-aws-service tcp-flags srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n",
    |i| {
        let (a, b, t) = (i % 251, i % 13, 1_700_000_000 + i / 100);
        format!(
            "123456789012 eu-north-1 vpc-0a1b2c3d4e5f60718 subnet-0a1b2c3d4e5f6071{b} eni-0a1b2c3d4e5f6071{b} egress \
             10.20.{b}.{a} 52.94.{a}.{b} - S3 19 10.20.{b}.{a} 52.94.{a}.{b} {} 443 6 {a} {} {t} {} ACCEPT OK",
            1024 + i % 60_000,
            i * 7 % 100_000,
            t + 59
        )
    },
);

pub(crate) const ZEEK_TSV: Rows = Rows::lines(
    "#separator \\x09\n#unset_field\t-\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\t\
     duration\torig_bytes\tresp_bytes\tconn_state\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n",
    |i| {
        let (a, port) = (i % 251, 1024 + i % 60_000);
        format!(
            "{}.98{a}\tC{i}\t10.0.0.{a}\t{port}\t10.0.1.7\t443\ttcp\t2.16\t301\t{i}\tSF\tShADadFf\t9\t781\t8\t{}",
            1_700_000_000 + i / 100,
            i + 320
        )
    },
);

pub(crate) const ZEEK_JSON: Rows = Rows::lines("", |i| {
    let (a, port) = (i % 251, 1024 + i % 60_000);
    format!(
        "{{\"ts\":{}.98,\"uid\":\"C{i}\",\"id.orig_h\":\"10.0.0.{a}\",\"id.orig_p\":{port},\"id.resp_h\":\"10.0.1.7\",\
         \"id.resp_p\":443,\"proto\":\"tcp\",\"duration\":2.16,\"orig_bytes\":301,\"resp_bytes\":{i},\"conn_state\":\"SF\",\
         \"history\":\"ShADadFf\",\"orig_pkts\":9,\"orig_ip_bytes\":781,\"resp_pkts\":8,\"resp_ip_bytes\":{}}}",
        1_700_000_000 + i / 100,
        i + 320
    )
});

pub(crate) const UNSW: Rows = Rows::lines("", |i| {
    let (a, port, t) = (i % 251, 1024 + i % 60_000, 1_424_219_000 + i / 100);
    format!(
        "59.166.0.{a},{port},149.171.126.3,53,udp,CON,0.001055,{i},304,31,29,0,0,dns,499469,864042,2,3,0,0,0,0,66,82,0,0,0,0,\
         {t},{t},0.017,0.013,0,0,0,0,0,0,0,0,3,7,1,3,1,1,1,,0"
    )
});

pub(crate) const RBA: Rows = Rows::lines(
    "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,\
     Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover\n",
    |i| {
        format!(
            "{i},2020-02-03 12:43:30.{:03},-43245{i},{},10.0.65.{},NO,Oslo,Oslo,29695,\"Mozilla/5.0 (X11; Linux x86_64) \
             AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36\",Chrome 120.0,Linux,desktop,True,False,False",
            i % 1000,
            i % 900 + 1,
            i % 251
        )
    },
);

pub(crate) const SIMPLE_CSV: Rows =
    Rows::lines("timestamp,user_id,ip_address,geo_location,device_id,bytes_in,bytes_out,success,label\n", |i| {
        let (second, a) = (i % 60, i % 251);
        format!("2023-09-25T00:01:{second:02}Z,user-{i},10.0.0.{a},\"Oslo, Norway\",d-{a},{i},77,true,0")
    });

pub(crate) const SIMPLE_JSON: Rows = Rows::lines("", |i| {
    format!(
        "{{\"timestamp\":\"2023-09-25T00:01:{:02}Z\",\"user_id\":\"user-{i}\",\"ip_address\":\"10.0.0.{}\",\
         \"geo_location\":\"Oslo, Norway\",\"bytes_in\":{i},\"success\":true}}",
        i % 60,
        i % 251
    )
});

pub(crate) const CLOUDTRAIL: Rows = Rows {
    head: "{\"Records\":[",
    row: |i| {
        format!(
            "{{\"eventVersion\":\"1.08\",\"userIdentity\":{{\"type\":\"IAMUser\",\"principalId\":\"AIDA{i}\",\
             \"arn\":\"arn:aws:iam::123456789012:user/ada{i}\",\"accountId\":\"123456789012\",\"userName\":\"ada{i}\"}},\
             \"eventTime\":\"2023-07-10T12:23:{:02}Z\",\"eventSource\":\"signin.amazonaws.com\",\"eventName\":\"ConsoleLogin\",\
             \"awsRegion\":\"us-east-1\",\"sourceIPAddress\":\"192.0.2.{}\",\"userAgent\":\"Mozilla/5.0 (X11; Linux x86_64)\",\
             \"requestParameters\":null,\"responseElements\":{{\"ConsoleLogin\":\"Success\"}},\"additionalEventData\":\
             {{\"MobileVersion\":\"No\",\"MFAUsed\":\"Yes\"}},\"readOnly\":false,\"recipientAccountId\":\"123456789012\"}}",
            i % 60,
            i % 251
        )
    },
    between: ",",
    tail: "]}",
};

pub(crate) const SSHD: Rows = Rows::lines("", |i| {
    format!(
        "Dec 10 06:{:02}:{:02} LabSZ sshd[{}]: Failed password for invalid user u{i} from 173.234.31.{} port {} ssh2",
        i / 60 % 60,
        i % 60,
        24_200 + i % 7,
        i % 251,
        1024 + i % 60_000
    )
});

pub(crate) const TABLE: Rows = Rows::lines("id,duration,bytes,rate,protocol,service,label\n", |i| {
    let (protocol, label) = (["tcp", "udp"][i as usize % 2], i / 7 % 2);
    format!("row-{i},{}.{},{},0.{i},{protocol},dns,{label}", i % 977, i % 1000, i * 7 % 100_000)
});

pub(crate) const USAGE_CSV: Rows = Rows::lines("timestamp,region,service,value\n", |i| {
    format!("2026-01-{:02} {:02}:{:02}:00,eu-north-1,s{},{}.5", i / 1440 % 28 + 1, i / 60 % 24, i % 60, i % 7, i % 977)
});

pub(crate) const USAGE_JSON: Rows = Rows::lines("", |i| {
    let (day, hour, minute) = (i / 1440 % 28 + 1, i / 60 % 24, i % 60);
    format!(
        "{{\"timestamp\":\"2026-01-{day:02}T{hour:02}:{minute:02}:00Z\",\"region\":\"eu-north-1\",\"service\":\"s{}\",\"value\":{i}.5}}",
        i % 7
    )
});
