/// Makes the certificates of the tests with the `openssl` command, in the directory that is `$1`.
///
/// `issue name authority extensions [start end]` makes a key and a certificate of one year, or of
/// the dates that are given.
enum CertificateScript {
    static let text = #"""
        set -e
        cd "$1"
        export CA=none
        cat > ca.cnf <<'END'
        [ca]
        default_ca = any
        [any]
        database = $ENV::CA.db
        serial = $ENV::CA.serial
        new_certs_dir = .
        default_md = sha256
        policy = any_policy
        unique_subject = no
        copy_extensions = none
        default_crl_days = 3650
        [any_policy]
        commonName = optional
        organizationName = optional
        [req]
        distinguished_name = empty
        [empty]
        END
        key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" 2>/dev/null; }
        authority() {
            key "$1"; : > "$1.db"; echo 1000 > "$1.serial"
            openssl req -config ca.cnf -new -x509 -key "$1.key" -subj "/O=Pillion/CN=$2" -days 7300 \
                -addext basicConstraints=critical,CA:true -addext keyUsage=keyCertSign,cRLSign \
                -out "$1.pem" 2>/dev/null
        }
        sign() {
            printf '%b' "$3" > "$1.ext"
            CA="$2" openssl ca -config ca.cnf -batch -notext -in "$1.csr" -cert "$2.pem" \
                -keyfile "$2.key" -extfile "$1.ext" -startdate "${4:-20200101000000Z}" \
                -enddate "${5:-20600101000000Z}" -out "$1.pem" 2>"$1.log" || { cat "$1.log"; exit 1; }
        }
        issue() {
            [ -f "$1.key" ] || key "$1"
            openssl req -config ca.cnf -new -key "$1.key" -subj "/CN=$1" -out "$1.csr" 2>/dev/null
            sign "$@"
        }
        authority root "Root"
        authority other "Other Root"
        issue middle root 'basicConstraints=critical,CA:true\nkeyUsage=keyCertSign,cRLSign\n'
        : > middle.db; echo 1000 > middle.serial

        san='subjectAltName='
        issue server root "${san}DNS:server.test,DNS:*.wild.test\n"
        issue second root "${san}DNS:second.test\n"
        openssl genrsa -out rsa.key 2048 2>/dev/null
        issue rsa root "${san}DNS:server.test\n"
        issue server-expired root "${san}DNS:server.test\n" 20200101000000Z 20210101000000Z
        issue server-other other "${san}DNS:server.test\n"
        issue server-nul root "${san}DER:301382117365727665722E74657374002E6576696C\n"

        issue client root "${san}URI:spiffe://one.test/ns/a/sa/b,DNS:client.test,IP:10.0.0.1,email:a@client.test,otherName:1.2.3.4;UTF8:hello\n"
        issue client-other other "${san}URI:spiffe://two.test/sa\n"
        issue client-expired root "${san}DNS:client.test\n" 20200101000000Z 20210101000000Z
        issue client-future root "${san}DNS:client.test\n" 20550101000000Z 20560101000000Z
        issue client-revoked root "${san}DNS:client.test\n"
        issue client-purpose root "${san}DNS:client.test\nextendedKeyUsage=serverAuth\n"
        issue client-deep middle "${san}DNS:client.test\n"
        cat client-deep.pem middle.pem > client-deep-chain.pem
        key client-self
        openssl req -config ca.cnf -new -x509 -key client-self.key -subj /CN=client-self -days 7300 \
            -addext "${san}DNS:client.test" -out client-self.pem 2>/dev/null

        issue spiffe-two root "${san}URI:spiffe://one.test/a,URI:spiffe://one.test/b\n"
        issue spiffe-ca root "${san}URI:spiffe://one.test/a\nbasicConstraints=CA:true\n"
        issue spiffe-signs root "${san}URI:spiffe://one.test/a\nkeyUsage=digitalSignature,keyCertSign\n"
        issue spiffe-unknown root "${san}URI:spiffe://three.test/a\n"

        CA=root openssl ca -config ca.cnf -batch -cert root.pem -keyfile root.key \
            -revoke client-revoked.pem 2>/dev/null
        CA=root openssl ca -config ca.cnf -gencrl -cert root.pem -keyfile root.key -out crl.pem \
            2>/dev/null
        cat root.pem other.pem > both.pem
        openssl pkcs8 -topk8 -in server.key -passout pass:secret -out encrypted.key
        openssl pkcs12 -export -inkey server.key -in server.pem -passout pass:secret \
            -out server.p12
        openssl genrsa -out weak.key 1024 2>/dev/null
        openssl req -config ca.cnf -new -x509 -key weak.key -subj /CN=weak -days 7300 -out weak.pem \
            2>/dev/null
        openssl x509 -in server.pem -outform DER | openssl dgst -sha256 -binary > server.sha256
        openssl x509 -in server.pem -noout -pubkey | openssl pkey -pubin -outform DER \
            | openssl dgst -sha256 -binary > server.spki
        openssl ocsp -index root.db -CA root.pem -rsigner root.pem -rkey root.key -issuer root.pem \
            -cert server.pem -respout server.ocsp -ndays 3000 >/dev/null 2>&1
        echo "not a certificate" > text.pem
        : > done
        """#
}
