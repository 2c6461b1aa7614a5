@testable import JOSE

extension SigningKeyTests {
    /// Written by `openssl pkey -pubout`.
    static let publicPEMs: [(KeyKind, String)] = [
        (
            .p256,
            """
            -----BEGIN PUBLIC KEY-----
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENLCLBUd2ZwLVIgjgLUrsLtLG+SyX
            efOPBy+Gox5xHN2fzTR3TKBqheR21tSCMYZLKvqvPAEMHUslgk/DfLymGg==
            -----END PUBLIC KEY-----

            """
        ),
        (
            .p384,
            """
            -----BEGIN PUBLIC KEY-----
            MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAElka50wSUcXqn3vLKfvPM+k+P+oPXbE3K
            TQvYqMw4Oq+JvX47bSDb52G8HYDY5cuHpNvqEIyRMldzWN64us4w7i0nUH1YQ0IS
            QQuQr1cBhcJoIEYcKprRQprhU07Z/Lz6
            -----END PUBLIC KEY-----

            """
        ),
        (
            .p521,
            """
            -----BEGIN PUBLIC KEY-----
            MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQBW0CG95fTeyzzOIbhnsMvJr9m5T0L
            0T4wX5gYZpOd+vc92NWLDcifQB4z0x39UKn+r4QxZqv5s/Fsz3WVAMI6McoBSxGV
            IIVAG+VJzLBuiKLfEey8dL/jZqUntv0Xs+jUrxmi/rCBeLlyXInNTW7YuKNq/sZJ
            8XrUulhGZtBz8/6TQ5E=
            -----END PUBLIC KEY-----

            """
        ),
        (
            .ed25519,
            """
            -----BEGIN PUBLIC KEY-----
            MCowBQYDK2VwAyEAnVlTbohVnZdYBSdx3rs31sZT6bHEX38aZvSXM4BJEgk=
            -----END PUBLIC KEY-----

            """
        ),
        (
            .rsa,
            """
            -----BEGIN PUBLIC KEY-----
            MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA4W6KAcHeP3PhPLOM2dRl
            rYyjmv7TtyozcuI11uUWVT1xWJsKoqbIpWk3/VHBtGeyIjt9x43SYKzc3nEJ+V1D
            cIcV70sIaRJ4vRJXSYbK8JyDK7WD3ppnF0y5J54CG1EvOBnPvmc4sFLgGHr2F5/C
            b4a3A1/bpge62Yeg8MKRAPhU9EmtyaWEzVPySMAuQ5SaUZ19KSUy/2/UqPsFAU0s
            gEC0SWOMs5iBZtZDskOMyHnOSDA72rZu7iGIDBc5dfMI5oACIFyP6P/LoNhgFoZ8
            sIOEL6He4z3gSE6nKCKfYrSmVcA1sQl4YATwNfgn7zSnrm56yXhbWXBKv9QfDNEw
            vwIDAQAB
            -----END PUBLIC KEY-----

            """
        ),
    ]

    /// An RSA key that is for PSS only (RFC 4055 §1.2).
    static let pssOnlyPEM =
        """
        -----BEGIN PUBLIC KEY-----
        MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAMQnm6aLKEHwqRAbJjuLk0kv
        j4bAqNmQGsgEVat7Eeedal3XcmcHXDxXL7ZF1OPettmKHIR5cE0F7msIGrU/GT6l
        gkT3Zg+iCH8R5LG/UvxTjI8HwyLAWERKn+kYt/VZJ/U42uTG3iVCMhlTpJxl/dk1
        +HjUGZsC6TQyG/qxA5WtxCaLk6DAvyg5EZ/AE8NbV9QYNNq8FXCZuuwGZsF3niLH
        Q3SCUJTiDr1wyzy1PbYC85nMlPQovlc214dBcQ/t3/Ppf2PnoQgT315081WZHd6i
        JEN+g2cYclL5XIU2XA/yOCG+YkPWGpWnzJl8xRao9CJbHEpfwn75pjXc9FxelPUC
        AwEAAQ==
        -----END PUBLIC KEY-----

        """
}
