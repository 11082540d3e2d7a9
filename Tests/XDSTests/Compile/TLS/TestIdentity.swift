/// Certificates and keys that tests put into files and configurations; valid for a hundred years.
enum TestIdentity {
    /// The authority of the certificate.
    static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBiTCCAS+gAwIBAgIUKkAsAvdPuBJ9h5y74GeexOXUB6owCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTM1MjEwWhgPMjEy
        NjEwMjgxMzUyMTBaMBkxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
        zj0CAQYIKoZIzj0DAQcDQgAExnYYJ8srTr6YOJWOr1W7McIusyIYcUJue79/B50V
        HRxuvOek+uTc1gbWFWaHvYWBmEolTTbvSCNKgOGWHspZdKNTMFEwHQYDVR0OBBYE
        FAXO6/0dM75ZHbDzz1owBQq56G7/MB8GA1UdIwQYMBaAFAXO6/0dM75ZHbDzz1ow
        BQq56G7/MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgJqVE4cAa
        LB9rknl5ZesmB1Lnvhu7OFbtR1N1Nj+2thUCIQC7NqOZhu6afNp0FfLbtw9uGIRV
        IlzVBX3QSj8N1yeCpA==
        -----END CERTIFICATE-----

        """
    /// For `app.example.com` and `spiffe://example.org/ns/shop/sa/app`.
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBzzCCAXWgAwIBAgIUJ1lUXhTaCLrxiIOoG09IxTKrJJQwCgYIKoZIzj0EAwIw
        GTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkwIBcNMjYxMTIxMTM1MjExWhgPMjEy
        NjEwMjgxMzUyMTFaMA4xDDAKBgNVBAMMA2FwcDBZMBMGByqGSM49AgEGCCqGSM49
        AwEHA0IABPf8UY+ZsvphygVCAEDHBXmmTSTfETJ1Wfh4je4w2H9LPB/GijAvhKL6
        I46S+22Dzq3XoznFpDLDJ3UccDxxD9SjgaMwgaAwPwYDVR0RBDgwNoIPYXBwLmV4
        YW1wbGUuY29thiNzcGlmZmU6Ly9leGFtcGxlLm9yZy9ucy9zaG9wL3NhL2FwcDAd
        BgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUHAwIwHQYDVR0OBBYEFG8CnNXSZ/po
        YfuTEImB1lObFQQJMB8GA1UdIwQYMBaAFAXO6/0dM75ZHbDzz1owBQq56G7/MAoG
        CCqGSM49BAMCA0gAMEUCIQDbAye/9de1r6ue/ag+F1Mx2wGvh8bIXgkH9SfOeKwp
        RQIgczNbxd4rJWRy+xrbqz8wbYBeeokrKHQXuAm5hIaL/oo=
        -----END CERTIFICATE-----

        """
    /// The key of the certificate.
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgypBUD+mTmKCgxlS5
        Jy/uGg512yxKWV7fDCexKlHrUCKhRANCAAT3/FGPmbL6YcoFQgBAxwV5pk0k3xEy
        dVn4eI3uMNh/SzwfxoowL4Si+iOOkvttg86t16M5xaQywyd1HHA8cQ/U
        -----END PRIVATE KEY-----

        """
    /// A key that fits no certificate here.
    static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgd54xai+d0wx23hJ7
        XW2mhzKj3Ofog5smhmoUJogLVVOhRANCAAR4uCvociRxZPuJHCizWu/6SnoBgoB4
        SpWm9C5xoADQE5u0Xu+DiBvC7uy8ZLNc8iIitHsiu1AH0HxCJ7SpYC2A
        -----END PRIVATE KEY-----

        """
    /// A list of the authority, with nothing on it.
    static let revocations = """
        -----BEGIN X509 CRL-----
        MIGyMFoCAQEwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOVGVzdCBhdXRob3JpdHkX
        DTI2MTEyMTEzNTIxMVoYDzIxMjYxMDI4MTM1MjExWqAOMAwwCgYDVR0UBAMCAQEw
        CgYIKoZIzj0EAwIDSAAwRQIgfSDgojWu2IfrYixENRcjSAJq+INn2naz8ZwDvnUo
        /dkCIQDp1ofCwp3HkJgnpn6V8bh7VjmRP8MCTWEfLi885ujPBw==
        -----END X509 CRL-----

        """
}
